// Names of hosts, looked up without keeping a loop waiting.

import Glibc
import HeightsRuntime

/// Of hosts.
package enum HostName {
  /// An address of a host in numbers: as it is, or found by the system's resolver on a thread of its own, any of several, so that
  /// whoever asks again is not led to the same each time; nil when it is not known.
  package static func numeric(_ host: String) async -> String? {
    var address = in_addr()
    if inet_pton(AF_INET, host, &address) == 1 { return host }
    return try? await SystemThread.run(name: "resolver") { lookUp(host) }
  }

  private static func lookUp(_ host: String) -> String? {
    var (hints, list) = (addrinfo(), UnsafeMutablePointer<addrinfo>?.none)
    hints.ai_family = AF_INET
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    guard getaddrinfo(host, nil, &hints, &list) == 0, let first = list else { return nil }
    defer { freeaddrinfo(first) }
    let all = sequence(first: first) { $0.pointee.ai_next }
    let chosen = Array(all).randomElement() ?? first
    var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let code = getnameinfo(
      chosen.pointee.ai_addr, chosen.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
    return code == 0
      ? String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }
}
