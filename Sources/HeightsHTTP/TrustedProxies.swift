// Who asks, when proxies stand before the app.

import Glibc

/// The networks of the proxies that stand before the app. What they say of whom they ask for (`X-Forwarded-For`) is
/// believed; what anybody else says is not.
public struct TrustedProxies: Equatable, Sendable {
  private struct Network: Equatable {
    let first: UInt32
    let mask: UInt32

    func contains(_ address: IPv4Address) -> Bool { address.number & mask == first }
  }

  /// Nobody stands before the app.
  public static let none = TrustedProxies(networks: [])

  private let networks: [Network]

  private init(networks: [Network]) { self.networks = networks }

  /// Reads networks or addresses with commas between them, such as `10.20.0.0/16,127.0.0.1`; nil for anything else.
  public init?(_ text: String) {
    var networks: [Network] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = word.trimmingPrefix { $0 == " " }.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count <= 2, let address = IPv4Address(String(parts[0])) else { return nil }
      guard let bits = parts.count == 2 ? Int(parts[1]) : 32, (0...32).contains(bits) else { return nil }
      let mask = bits == 0 ? 0 : UInt32.max << UInt32(32 - bits)
      // Bits below the mask are a slip: more was meant, or less.
      guard address.number & ~mask == 0 else { return nil }
      networks.append(Network(first: address.number, mask: mask))
    }
    self.networks = networks
  }

  /// Whom the peer asks for: the address nearest to it that is no proxy's. Each proxy adds the address that asked it, at
  /// the end; what stands before the one that a stranger gave is the stranger's word.
  /// - Parameter forwardedFor: the values of `X-Forwarded-For` in their order, with commas between them.
  /// - Returns: the peer when it is no proxy, or a proxy that says nothing; the farthest when all are proxies.
  func client(of peer: String, forwardedFor: String?) -> String {
    guard isProxy(peer), let forwardedFor else { return peer }
    var client = peer
    for word in forwardedFor.split(separator: ",").reversed() {
      let address = word.filter { $0 != " " && $0 != "\t" }
      guard TrustedProxies.isAddress(address) else { return client }
      client = address
      if !isProxy(address) { return client }
    }
    return client
  }

  private func isProxy(_ address: String) -> Bool {
    IPv4Address(address).map { address in networks.contains { $0.contains(address) } } ?? false
  }

  private static func isAddress(_ text: String) -> Bool {
    var address = in6_addr()
    return IPv4Address(text) != nil || inet_pton(AF_INET6, text, &address) == 1
  }
}
