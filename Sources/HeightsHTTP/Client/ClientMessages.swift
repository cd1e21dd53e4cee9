// What goes out, what comes back, and the ways in which nothing comes back.

import Glibc
import HeightsRuntime

/// A header of a message.
package struct Header: Sendable, Equatable {
  /// A token (RFC 9110); compared as it is written.
  package let name: String
  /// Without a line break: it is written as it is.
  package let value: String

  /// - Parameter value: without a line break.
  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A request to a server, whole.
package struct ClientRequest: Sendable, Equatable {
  /// In capitals, as HTTP has it.
  package let method: String
  /// Path and query, already percent-encoded.
  package let path: String
  /// Besides Host, User-Agent and those of the body. Without line breaks: they are written as they are.
  package var headers: [Header]
  /// With its media type; nil for nothing.
  package let body: Body?
  /// Whether sending it twice does what sending it once does: then it may go out once more when its connection ended before
  /// any answer came.
  package var mayRetry: Bool

  /// What a request carries.
  package struct Body: Sendable, Equatable {
    /// Of the bytes, such as `application/json`.
    package let mediaType: String
    /// All of it.
    package let bytes: [UInt8]

    /// - Parameter mediaType: of `bytes`.
    package init(mediaType: String, bytes: [UInt8]) {
      self.mediaType = mediaType
      self.bytes = bytes
    }
  }

  /// - Parameter mayRetry: what HTTP says of the method, unless told: a POST may not be sent twice.
  package init(
    _ method: String, _ path: String, headers: [Header] = [], body: Body? = nil, mayRetry: Bool? = nil
  ) {
    self.method = method
    self.path = path
    self.headers = headers
    self.body = body
    self.mayRetry = mayRetry ?? (method != "POST")
  }

  /// The value of the first header of exactly that name.
  package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

  /// Appends the request as HTTP/1.1 writes it.
  func write(to endpoint: Endpoint, _ settings: HTTPClient.Settings, into bytes: inout [UInt8]) {
    func line(_ parts: String...) {
      for part in parts { bytes.append(contentsOf: part.utf8) }
      bytes.append(contentsOf: [13, 10])
    }
    line(method, " ", path, " HTTP/1.1")
    line("Host: ", endpoint.authority)
    line("User-Agent: ", settings.userAgent)
    if settings.sendsOrigin, method != "GET" { line("Origin: ", endpoint.origin) }
    for header in headers { line(header.name, ": ", header.value) }
    if let body { line("Content-Type: ", body.mediaType) }
    if body != nil || method != "GET" { line("Content-Length: ", String(body?.bytes.count ?? 0)) }
    line()
    if let body { bytes.append(contentsOf: body.bytes) }
  }
}

/// An answer that came whole.
package struct ClientResponse: Sendable, Equatable {
  /// 200 to 599.
  package var status: Int
  /// All of it, at most `HTTPClient.Settings.bodyBytes`.
  package var body: [UInt8]
  /// Those that the client keeps, in the order in which they came; names as the client wrote them.
  package var headers: [Header] = []
  /// Whether the server ends the connection after it.
  package var closesConnection = false
  /// Whether it answers the second sending of its request. The first may still be carried out, at any time.
  package var isOfSecondTry = false

  /// - Parameter status: 200 to 599.
  package init(status: Int = 0, body: [UInt8] = []) {
    self.status = status
    self.body = body
  }

  /// Whether its status is one of success.
  package var isSuccess: Bool { (200..<300).contains(status) }

  /// The value of the first of that name, as the client that kept it wrote the name.
  package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
}

/// Why no whole answer came.
package enum ClientFailure: Error, Hashable, Sendable {
  case refused
  case reset
  /// The server closed the connection before the answer was whole.
  case closed
  case timedOut
  /// Whoever asked wants no answer any more.
  case cancelled
  /// What came is not HTTP, or beyond the bounds; with what was wrong.
  case malformed(String)
  /// Too many requests wait for a connection.
  case tooManyWaiting
  case clientClosed
  /// The server can't be asked in a way that keeps what is said from others, and why; nothing was.
  case insecure(String)
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

  init(_ failure: StreamFailure) {
    switch failure {
    case .closed: self = .closed
    case .system(_, let code): self.init(errno: code)
    case .insecure(let reason): self = .insecure(reason)
    }
  }

  /// The kind under which reports count it.
  package var kind: String {
    switch self {
    case .refused: "connection refused"
    case .reset: "connection reset"
    case .closed: "connection closed"
    case .timedOut: "timeout"
    case .cancelled: "cancelled"
    case .malformed: "malformed answer"
    case .tooManyWaiting: "no free connection"
    case .clientClosed: "client closed"
    case .insecure(let reason): reason
    case .system(let code): String(cString: strerror(code))
    }
  }
}
