// Where traces are sent to, as OpenTelemetry's variables say it.

import Contract
import Foundation

/// A collector that takes OTLP by HTTP.
struct TraceEndpoint: Equatable, Sendable {
  /// `http://HOST[:PORT]` or `https://HOST[:PORT]`.
  let origin: String
  let isEncrypted: Bool
  /// A name, or an address without brackets.
  let host: String
  let port: Int
  /// Where it takes traces: `/v1/traces`.
  let path: String
  /// What it is asked with besides, such as a key. In no log.
  private(set) var headers: [Header] = []
  /// A file of certificates that vouch for it; nil for the system's.
  private(set) var authorities: String?

  /// As the Host header has it.
  var authority: String { String(origin.drop { $0 != "/" }.dropFirst(2)) }

  /// What the variables for traces say goes before those for all kinds.
  /// - Returns: nil where they say none, or nothing that is understood.
  init?(_ variables: [String: String], _ warn: TraceSettings.Warn) {
    func told(_ own: AppVariable, _ all: AppVariable) -> (name: AppVariable, value: String)? {
      [own, all].lazy.compactMap { name in variables[name].map { (name, $0) } }.first { !$0.1.isEmpty }
    }
    guard
      let place = told(
        .tracesEndpoint,
        .telemetryEndpoint)
    else { return nil }
    // That of a collector as a whole: each kind has a path of its own below.
    let path = place.value.hasSuffix("/") ? "v1/traces" : "/v1/traces"
    guard let endpoint = TraceEndpoint(place.name == .tracesEndpoint ? place.value : place.value + path)
    else {
      warn(
        place.name,
        "http://HOST:PORT or https://HOST:PORT, as in http://127.0.0.1:4318: it takes OTLP as JSON by HTTP")
      return nil
    }
    self = endpoint
    if let headers = told(
      .tracesHeaders,
      .telemetryHeaders)
    {
      self.headers = Self.headers(headers.value) { warn(headers.name, "NAME=VALUE,NAME=VALUE") }
    }
    authorities =
      told(
        .tracesCertificate,
        .telemetryCertificate)?.value
  }

  /// Nil for what is no address of that kind.
  private init?(_ url: String) {
    guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty, parts.user == nil,
      parts.query == nil, let scheme = parts.scheme?.lowercased(),
      let usual = ["http": 80, "https": 443][scheme],
      (1...65_535).contains(parts.port ?? usual)
    else { return nil }
    isEncrypted = scheme == "https"
    self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    port = parts.port ?? usual
    let place = self.host.contains(":") ? "[\(self.host)]" : self.host
    origin = "\(scheme)://\(place)" + (parts.port.map { ":\($0)" } ?? "")
    path = parts.path.isEmpty ? "/" : parts.percentEncodedPath
  }

  /// What can't be a header is left out, and those that are the client's own.
  private static func headers(_ text: String, _ warn: () -> Void) -> [Header] {
    let (headers, mistakes) = text.namedValues
    let fit = headers.filter { name, value in
      name.utf8.allSatisfy { Self.tokens.contains($0) } && !Self.own.contains(name.lowercased())
        && value.utf8.allSatisfy { $0 == 0x09 || (0x20..<0x7f).contains($0) || $0 >= 0x80 }
    }
    for _ in 0..<(mistakes + headers.count - fit.count) { warn() }
    return fit.map { Header($0.name, $0.value) }
  }

  /// RFC 9110, 5.6.2.
  private static let tokens = Set(
    "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
  private static let own: Set<String> = [
    "connection", "content-length", "content-type", "host", "transfer-encoding", "user-agent",
  ]
}

extension String {
  /// NAME=VALUE with commas between them, values percent-encoded and possibly empty; and how many parts are not that.
  var namedValues: (values: [(name: String, value: String)], mistakes: Int) {
    let parts = split(separator: ",")
    let values = parts.compactMap { part -> (name: String, value: String)? in
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard pair.count == 2, !pair[0].isEmpty, let value = pair[1].removingPercentEncoding else { return nil }
      return (pair[0], value)
    }
    return (values, parts.count - values.count)
  }
}
