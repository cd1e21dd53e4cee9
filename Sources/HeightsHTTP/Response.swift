// An answer: status, headers, body.

/// What a handler gives back.
public struct Response: Sendable {
  /// What an answer carries. A HEAD request gets its headers alone.
  public enum Body: Sendable {
    case empty
    case bytes([UInt8])
    /// Bytes that live as long as the program: sent without a copy.
    case fixed(StaticString)
    case file(FileSlice)
    case events(EventStream)
  }

  /// The code in the answer's first line.
  public var status: Status
  /// In the order in which they are sent; what describes the connection is added by the server.
  public var headers: [(name: String, value: String)]
  /// What is sent after the headers.
  public var body: Body

  /// An empty 200, unless told.
  public init(status: Status = .ok, headers: [(name: String, value: String)] = [], body: Body = .empty) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// JSON text (RFC 8259).
  public static func json(_ value: some JSONWritable, status: Status = .ok) -> Response {
    .bytes(JSONWriter.bytes(of: value), contentType: "application/json", status: status)
  }

  /// Plain text, as UTF-8.
  public static func text(_ text: String, status: Status = .ok) -> Response {
    .bytes(Array(text.utf8), contentType: "text/plain; charset=utf-8", status: status)
  }

  /// Bytes with a media type, such as `image/png`.
  public static func bytes(_ bytes: [UInt8], contentType: String, status: Status = .ok) -> Response {
    Response(status: status, headers: [("Content-Type", contentType)], body: .bytes(bytes))
  }

  /// 204, with nothing in it.
  public static let noContent = Response(status: .noContent)

  /// Sends a browser on to `location` with GET, as the answer to a form.
  public static func redirect(to location: String) -> Response {
    Response(status: .seeOther, headers: [("Location", location)])
  }

  /// A stream of server-sent events (WHATWG HTML, 9.2). `produce` runs until it returns, throws or the client goes.
  public static func events(_ produce: @escaping @Sendable (EventStream) async throws -> Void) -> Response {
    Response(
      headers: [
        ("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"),
      ],
      body: .events(EventStream(produce)))
  }

  /// The value of the first header of that name, if there is one.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }

  /// The same answer with one more header.
  public func with(_ name: String, _ value: String) -> Response {
    var copy = self
    copy.headers.append((name, value))
    return copy
  }

  /// The same answer with one more cookie.
  public func with(_ cookie: Cookie) -> Response { with("Set-Cookie", cookie.description) }
}

/// A cookie to set (RFC 6265). Always HttpOnly and SameSite=Lax.
public struct Cookie: Sendable, CustomStringConvertible {
  /// A token (RFC 6265, 4.1.1): letters, digits and dashes are safe.
  public let name: String
  /// As it is sent: without semicolons, commas, quotes and spaces.
  public let value: String
  /// How long the browser keeps it; 0 removes it.
  public let maxAgeSeconds: Int
  /// Sent back over TLS only.
  public let secure: Bool

  /// - Parameters:
  ///   - maxAgeSeconds: how long the browser keeps it; 0 removes it.
  ///   - secure: whether it is sent back over TLS only.
  public init(name: String, value: String, maxAgeSeconds: Int, secure: Bool) {
    self.name = name
    self.value = value
    self.maxAgeSeconds = maxAgeSeconds
    self.secure = secure
  }

  public var description: String {
    "\(name)=\(value); Path=/; Max-Age=\(maxAgeSeconds); HttpOnly; SameSite=Lax\(secure ? "; Secure" : "")"
  }
}
