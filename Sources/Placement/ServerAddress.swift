// Where a server of a placement is found.

/// Where a server listens.
public struct ServerAddress: Hashable, Sendable, CustomStringConvertible {
  /// A name or an IPv4 address.
  public let host: String
  /// 1 to 65,535.
  public let port: Int

  /// `host` has letters, digits, dots and dashes alone, and `port` is from 1 to 65,535: whoever has text reads it with
  /// the other initializer.
  public init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads `HOST:PORT`; nil for anything else.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65_535).contains(port), colon != text.startIndex,
      text[..<colon].allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") })
    else { return nil }
    self.init(host: String(text[..<colon]), port: port)
  }

  public var description: String { "\(host):\(port)" }
}

extension ServerAddress: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let address = ServerAddress(text) else {
      throw PlacementError("'\(text)' is no address: expected HOST:PORT")
    }
    self = address
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
