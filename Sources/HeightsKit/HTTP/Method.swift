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
  public let code: Int
  public init(_ code: Int) { self.code = code }
  public init(integerLiteral code: Int) { self.code = code }

  public static let ok: Status = 200
  public static let created: Status = 201
  public static let accepted: Status = 202
  public static let noContent: Status = 204
  public static let partialContent: Status = 206
  public static let seeOther: Status = 303
  public static let notModified: Status = 304
  public static let badRequest: Status = 400
  public static let unauthorized: Status = 401
  public static let forbidden: Status = 403
  public static let notFound: Status = 404
  public static let methodNotAllowed: Status = 405
  public static let conflict: Status = 409
  public static let contentTooLarge: Status = 413
  public static let unsupportedMediaType: Status = 415
  public static let rangeNotSatisfiable: Status = 416
  public static let unprocessableContent: Status = 422
  public static let tooManyRequests: Status = 429
  public static let internalServerError: Status = 500
  public static let notImplemented: Status = 501
  public static let serviceUnavailable: Status = 503
  public static let gatewayTimeout: Status = 504
  public static let insufficientStorage: Status = 507
}
