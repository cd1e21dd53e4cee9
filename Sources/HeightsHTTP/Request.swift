// A request, as its handler sees it.

import Foundation
import Synchronization

/// A request that is being answered. Once the answer has been sent (what a stream of events does later, say) its
/// headers, cookies and query arguments are gone, as if they had never been sent: take what you need before.
///
/// Use it in the task that answers it, and in child tasks of that: they stay on the loop that accepted the connection.
///
/// `@unchecked Sendable` is sound for who keeps to that. What is asked of the connection is checked to be on its loop's
/// thread in debug builds; the rest does not change while a handler runs.
public class Request: RequestContext, @unchecked Sendable {
  /// What is asked for, of the methods that are known here.
  public let method: Method
  /// The path as it was sent, percent-encoded, without the query.
  public let path: String
  /// The whole body, received before the handler runs.
  public internal(set) var body = RequestBody.empty
  /// What connects this request with others that it caused, or was caused by.
  public let trace: TraceContext
  /// The id by which logs and error pages name this request.
  public var id: String { clientID ?? trace.shortID }
  /// The id that the client gave it, if it did.
  private let clientID: String?
  /// When the answer is due. Databases, Redis and stores of objects wait no longer for what its handler asks, unless
  /// they are told of another deadline.
  public package(set) var deadline: Deadline
  /// What its session has seen of each cluster; nil where nobody has to remember that.
  package var seen: SeenPositions?
  /// Whether it is asked for once more already, because an earlier try failed: then nothing below it is tried again.
  package var isRepeated = false
  /// Where what is done for it is noted; nil where nobody wants to know. Set before its handler runs, and never again: others
  /// than the loop look at it too.
  package internal(set) var spans: RequestSpans?

  let connection: Connection
  let parameters: [Router.Parameter]
  private var isOver = false
  private let handlerHasEnded = Atomic<Bool>(false)

  init(
    method: Method, path: String, trace: TraceContext, clientID: String?, deadline: Deadline,
    connection: Connection, parameters: [Router.Parameter]
  ) {
    self.method = method
    self.path = path
    self.trace = trace
    self.clientID = clientID
    self.deadline = deadline
    self.connection = connection
    self.parameters = parameters
  }

  /// The part of the path that `{name}` in the route's pattern stands for, decoded.
  /// - Throws: `Problem` (400) when it isn't valid percent-encoded UTF-8.
  public func parameter(_ name: String) throws -> String {
    guard let parameter = parameters.first(where: { $0.name == name }) else {
      preconditionFailure("the route of \(path) has no parameter {\(name)}")
    }
    guard let value = PercentEncoding.decode(path.utf8.dropFirst(parameter.start).prefix(parameter.count))
    else { throw Problem.badRequest("The path has a percent-encoding that isn't valid UTF-8.") }
    return value
  }

  /// Calls `body` with the id, ended by a zero: without a string, for every answer has it.
  func withID(_ body: (UnsafePointer<CChar>) -> Void) {
    if let clientID { clientID.withCString(body) } else { trace.withShortID(body) }
  }

  package var hasEnded: Bool { handlerHasEnded.load(ordering: .relaxed) }

  /// Called when the handler has ended: what it has left running is not bound by the deadline.
  func endHandler() { handlerHasEnded.store(true, ordering: .relaxed) }

  /// Called when the answer has been sent: what libmicrohttpd holds of the request is gone then.
  func end() { isOver = true }

  /// The value of the first query argument of that name, decoded. An argument without `=` is empty.
  /// - Throws: `Problem` (400) when it isn't valid percent-encoded UTF-8.
  public func query(_ name: String) throws -> String? {
    guard !isOver, let value = connection.queryArgument(name) else { return nil }
    guard let decoded = PercentEncoding.decode(value, plusIsSpace: true) else {
      throw Problem.badRequest("The query argument \(name) has a percent-encoding that isn't valid UTF-8.")
    }
    return decoded
  }

  /// The value of the first header of that name; names are compared without regard to case.
  public func header(_ name: String) -> String? { isOver ? nil : connection.header(name) }

  /// The value of the first cookie of that name, as it was sent.
  public func cookie(_ name: String) -> String? { isOver ? nil : connection.cookie(name) }

  /// Who asks: an IP address, or `local` for a Unix socket. Behind proxies that are trusted it is whom they ask for, until
  /// the request is answered.
  public var remoteAddress: String { isOver ? connection.peerAddress : connection.clientAddress }

  /// The media type of the body in lower case, without parameters.
  public var contentType: String? { header("Content-Type").map { Request.mediaType($0) } }

  static func mediaType(_ contentType: String) -> String {
    contentType.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
  }

  /// Whether the client would rather have a page than JSON.
  public var prefersHTML: Bool {
    guard let accept = header("Accept") else { return false }
    guard let html = accept.range(of: "text/html") else { return false }
    guard let json = accept.range(of: "application/json") else { return true }
    return html.lowerBound < json.lowerBound
  }

  /// The fields of the form that was submitted.
  /// - Throws: `Problem` (415) when the body isn't a form.
  public func form() throws -> Form {
    guard case .form(let form) = body else {
      throw Problem(
        .unsupportedMediaType, title: "A form was expected",
        detail: "Send multipart/form-data or application/x-www-form-urlencoded.")
    }
    return form
  }

  /// The body, decoded from JSON.
  /// - Throws: `Problem`: 415 when the body isn't JSON, 400 when it is malformed, 422 when its shape is wrong.
  public func json<T: Decodable>(_ type: T.Type) throws -> T {
    guard contentType == "application/json" else {
      throw Problem(
        .unsupportedMediaType, title: "JSON was expected",
        detail: "Send a body with Content-Type: application/json.")
    }
    do {
      return try JSON.decode(type, from: bytes())
    } catch let error as JSONError {
      throw Problem(decoding: error)
    }
  }

  /// The body as bytes: none when there is no body or when it was a form.
  public func bytes() throws -> [UInt8] {
    guard case .content(let spool) = body else { return [] }
    return try spool.read()
  }
}

extension Problem {
  /// Says what is wrong with a JSON body, and where.
  init(decoding error: JSONError) {
    if error.kind == .malformed {
      self = .badRequest("The body is not valid JSON: \(error).")
      return
    }
    self = .invalid([Field(error.path.isEmpty ? "body" : error.path, Problem.message(error))])
  }

  private static func message(_ error: JSONError) -> String {
    if error.kind == .missing { return "This is required." }
    if error.kind == .refused { return error.found }
    let expected = error.expected.prefix(1).uppercased() + error.expected.dropFirst()
    return "\(expected) was expected, not \(error.found)."
  }
}
