// Request methods and response statuses.

import Glibc

/// A request method that routes can name. Anything else is answered with 405 or 501.
public enum Method: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  case get, head, post, put, delete, patch, options

  public var description: String { "\(name)" }

  /// As it stands in a request line.
  var name: StaticString {
    switch self {
    case .get: "GET"
    case .head: "HEAD"
    case .post: "POST"
    case .put: "PUT"
    case .delete: "DELETE"
    case .patch: "PATCH"
    case .options: "OPTIONS"
    }
  }

  /// Whether the method promises to change nothing (RFC 9110, 9.2.1).
  public var isSafe: Bool { self == .get || self == .head || self == .options }

  init?(_ text: UnsafePointer<CChar>) {
    // A static string ends with a zero.
    for method in Method.allCases where strcmp(text, method.name.utf8Start) == 0 {
      self = method
      return
    }
    return nil
  }
}

/// A response status: its code, 200 to 599.
public struct Status: Hashable, Sendable, ExpressibleByIntegerLiteral {
  /// 200 to 599.
  public let code: Int
  /// - Parameter code: 200 to 599.
  public init(_ code: Int) { self.code = code }
  public init(integerLiteral code: Int) { self.code = code }

  /// The answer has what was asked for.
  public static let ok: Status = 200
  /// Something new is there; `Location` says where.
  public static let created: Status = 201
  /// It will be done, and is not yet.
  public static let accepted: Status = 202
  /// It was done, and there is nothing to say.
  public static let noContent: Status = 204
  /// Answers a request with `Range`: a piece of the whole.
  public static let partialContent: Status = 206
  /// Go there with GET: the answer to a form.
  public static let seeOther: Status = 303
  /// What the client has is what there is.
  public static let notModified: Status = 304
  /// It can't be understood.
  public static let badRequest: Status = 400
  /// Nobody is logged in.
  public static let unauthorized: Status = 401
  /// Whoever is logged in may not do this.
  public static let forbidden: Status = 403
  /// There is nothing at that path, or nothing that this client may know of.
  public static let notFound: Status = 404
  /// The path is there, for other methods.
  public static let methodNotAllowed: Status = 405
  /// It contradicts what is stored.
  public static let conflict: Status = 409
  /// The body is larger than is taken here.
  public static let contentTooLarge: Status = 413
  /// The body has a type that is not taken here.
  public static let unsupportedMediaType: Status = 415
  /// `Range` lies beyond the end.
  public static let rangeNotSatisfiable: Status = 416
  /// It was understood, and some of its fields are not acceptable.
  public static let unprocessableContent: Status = 422
  /// This client asks too often; `Retry-After` says when it may again.
  public static let tooManyRequests: Status = 429
  /// A mistake on this side, which its log explains.
  public static let internalServerError: Status = 500
  /// The method is known to nobody here.
  public static let notImplemented: Status = 501
  /// There is more to do than fits; `Retry-After` says when another try is worth it.
  public static let serviceUnavailable: Status = 503
  /// The handler did not answer in time.
  public static let gatewayTimeout: Status = 504
  /// There is no room to store it.
  public static let insufficientStorage: Status = 507
}
