// What goes out, what comes back, and the ways in which nothing comes back.

import Glibc

/// A request, as far as the load generator needs one.
struct ClientRequest: Sendable, Equatable {
  var method: String
  /// Path and query, already percent-encoded.
  var path: String
  /// With its media type; nil for nothing.
  var body: Body?
  /// `name=value` of the session.
  var cookie: String?
  var idempotencyKey: String?
  /// Whether sending it twice does what sending it once does.
  var isIdempotent: Bool

  struct Body: Sendable, Equatable {
    let mediaType: String
    let bytes: [UInt8]
  }

  init(_ method: String, _ path: String, json: String? = nil, cookie: String? = nil) {
    self.init(
      method, path, body: json.map { Body(mediaType: "application/json", bytes: Array($0.utf8)) },
      cookie: cookie)
  }

  init(_ method: String, _ path: String, body: Body?, cookie: String?) {
    self.method = method
    self.path = path
    self.body = body
    self.cookie = cookie
    isIdempotent = method != "POST"
  }

  static func get(_ path: String, cookie: String? = nil) -> ClientRequest {
    ClientRequest("GET", path, cookie: cookie)
  }

  /// Whether it may go out once more when its connection ended before any answer came.
  var mayRetry: Bool { isIdempotent || idempotencyKey != nil }

  /// Appends the request as HTTP/1.1 writes it.
  func write(to endpoint: Endpoint, into bytes: inout [UInt8]) {
    func line(_ parts: String...) {
      for part in parts { bytes.append(contentsOf: part.utf8) }
      bytes.append(contentsOf: [13, 10])
    }
    line(method, " ", path, " HTTP/1.1")
    line("Host: ", endpoint.authority)
    line("User-Agent: heights-load")
    if let cookie { line("Cookie: ", cookie) }
    if let idempotencyKey { line("Idempotency-Key: ", idempotencyKey) }
    if method != "GET" {
      line("Origin: ", endpoint.origin)
      line("Content-Type: ", body?.mediaType ?? "application/json")
      line("Content-Length: ", String(body?.bytes.count ?? 0))
    }
    line()
    if let body { bytes.append(contentsOf: body.bytes) }
  }
}

/// An answer that came whole.
struct ClientResponse: Sendable, Equatable {
  var status = 0
  var body: [UInt8] = []
  /// `name=value` of each cookie that it sets.
  var cookies: [String] = []
  /// Whether the server ends the connection after it.
  var closesConnection = false
  /// Whether it answers the second sending of its request. The first may still be carried out, at any time.
  var isOfSecondTry = false

  var isSuccess: Bool { (200..<300).contains(status) }
}

/// Why no whole answer came.
enum ClientFailure: Error, Hashable, Sendable {
  case refused
  case reset
  /// The server closed the connection before the answer was whole.
  case closed
  case timedOut
  /// What came is not HTTP, or beyond the bounds; with what was wrong.
  case malformed(String)
  /// Too many requests wait for a connection.
  case tooManyWaiting
  case clientClosed
  /// Any other refusal of the kernel.
  case system(errno: Int32)

  init(errno code: Int32) {
    switch code {
    case ECONNREFUSED, ENOENT: self = .refused
    case ECONNRESET, EPIPE: self = .reset
    case ETIMEDOUT: self = .timedOut
    default: self = .system(errno: code)
    }
  }

  /// The kind under which reports count it.
  var kind: String {
    switch self {
    case .refused: "connection refused"
    case .reset: "connection reset"
    case .closed: "connection closed"
    case .timedOut: "timeout"
    case .malformed: "malformed answer"
    case .tooManyWaiting: "no free connection"
    case .clientClosed: "client closed"
    case .system(let code): String(cString: strerror(code))
    }
  }
}
