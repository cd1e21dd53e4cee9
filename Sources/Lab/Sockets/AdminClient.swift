// A client of an app's admin socket: HTTP/1.0, one request per connection.

import Contract
import Glibc

/// Asks a process over its admin socket.
public struct AdminClient: Sendable {
  /// An answer, whole.
  public struct Answer: Equatable, Sendable {
    /// The HTTP status.
    public let status: Int
    /// At most `maximumAnswerBytes`.
    public let body: [UInt8]
    /// The body's length by its Content-Length; nil when the answer said none.
    public let lengthBytes: Int?
    /// The time that it was answered at, by the clock of who answered; nil when it said none.
    public var date: String?

    /// As UTF-8.
    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  /// The largest answer that is read.
  public static let maximumAnswerBytes = 256 << 20

  /// The socket that is asked.
  public let address: UnixAddress

  /// Connects at each request.
  public init(_ address: UnixAddress) { self.address = address }

  /// - Throws: `LabError` when no whole answer comes within `limitMs`.
  public func get(_ path: String, limitMs: Int = 5000) throws(LabError) -> Answer {
    try request("GET", path, body: [], limitMs: limitMs)
  }

  /// - Throws: `LabError` when no whole answer comes within `limitMs`.
  public func post(_ path: String, body: [UInt8] = [], limitMs: Int = 60_000) throws(LabError) -> Answer {
    try request("POST", path, body: body, limitMs: limitMs)
  }

  /// Whether GET `path` is answered with 200 in time.
  func isReady(_ path: String = AdminPath.ready, limitMs: Int = 1000) -> Bool {
    (try? get(path, limitMs: limitMs).status) == 200
  }

  private func request(
    _ method: String, _ path: String, body: [UInt8], limitMs: Int
  ) throws(LabError) -> Answer {
    let attempt = "\(method) \(path) on \(address.path)"
    return try Self.ask(Exchange(try address.connect(), limitMs: limitMs, what: attempt), method, path, body)
  }

  /// One request over a connection that ends with its answer. `authorization` is the whole value of that header.
  static func ask(
    _ exchange: Exchange, _ method: String, _ path: String, _ body: [UInt8], authorization: String? = nil
  ) throws(LabError) -> Answer {
    let fields =
      ["Host: localhost", "Content-Length: \(body.count)"]
      + (authorization.map { ["Authorization: \($0)"] } ?? [])
    let head = "\(method) \(path) HTTP/1.0\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n"
    try exchange.write(Array(head.utf8) + body)
    let answer = try parse(readAll(exchange))
    // A process that dies while it answers ends the connection too.
    if let length = answer.lengthBytes, answer.body.count < length {
      throw .system(attempt: exchange.what, code: ECONNRESET)
    }
    return answer
  }

  private static func readAll(_ exchange: Exchange) throws(LabError) -> [UInt8] {
    var answer: [UInt8] = []
    while case let bytes = try exchange.readSome(upTo: 64 << 10), !bytes.isEmpty {
      answer += bytes
      if answer.count > maximumAnswerBytes { throw .protocolBroken("an answer of more than 256 MiB") }
    }
    return answer
  }

  /// Splits an answer that ended with its connection.
  static func parse(_ bytes: [UInt8]) throws(LabError) -> Answer {
    let separator = Array("\r\n\r\n".utf8)
    let headLimit = min(bytes.count, 64 << 10)
    let end = bytes.indices.prefix(headLimit).first { bytes[$0...].starts(with: separator) }
    guard let end else { throw .protocolBroken("not an HTTP answer") }
    let head = String(decoding: bytes[..<end], as: UTF8.self)
    let words = head.split(separator: " ", maxSplits: 2)
    guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1].prefix(3)) else {
      throw .protocolBroken("not an HTTP answer")
    }
    return Answer(
      status: status, body: Array(bytes[(end + separator.count)...]),
      lengthBytes: field("content-length", in: head).flatMap { Int($0) },
      date: field("date", in: head))
  }

  private static func field(_ name: String, in head: String) -> String? {
    for line in head.split(separator: "\r\n") {
      let parts = line.split(separator: ":", maxSplits: 1)
      guard parts.count == 2, parts[0].lowercased() == name else { continue }
      return String(parts[1].drop { $0 == " " })
    }
    return nil
  }
}
