// What goes wrong with a request, told the way RFC 9457 tells it.

/// An error that is an answer: handlers throw it, and the client gets it as a problem document.
public struct Problem: Error, JSONWritable, Sendable, Equatable {
  /// 400 to 599.
  public let status: Status
  /// What kind of problem it is, as a URI reference; `about:blank` when the status says it all.
  public let type: String
  /// The kind of problem in a few words, the same each time it happens.
  public let title: String
  /// What went wrong this time, and what to do about it.
  public let detail: String?
  /// Which fields were wrong, and why.
  public let fields: [Field]
  /// After how many seconds another try is worth it (`Retry-After`).
  public let retryAfterSeconds: Int?

  /// A field of the request that was not accepted.
  public struct Field: JSONWritable, Sendable, Equatable {
    /// The name of the form's field.
    public let name: String
    /// What is wrong with it, for people.
    public let message: String

    /// - Parameters:
    ///   - name: the form's field.
    ///   - message: for people.
    public init(_ name: String, _ message: String) {
      self.name = name
      self.message = message
    }

    public func write(to json: inout JSONWriter) {
      json.object {
        $0.member("name", name)
        $0.member("message", message)
      }
    }
  }

  /// - Parameters:
  ///   - type: a URI reference; `about:blank` when the status says it all.
  ///   - title: the same each time it happens.
  ///   - detail: what went wrong this time, and what to do about it; never a secret.
  ///   - retryAfterSeconds: after how long another try is worth it.
  public init(
    _ status: Status, type: String = "about:blank", title: String, detail: String? = nil,
    fields: [Field] = [],
    retryAfterSeconds: Int? = nil
  ) {
    self.status = status
    self.type = type
    self.title = title
    self.detail = detail
    self.fields = fields
    self.retryAfterSeconds = retryAfterSeconds
  }

  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("type", type)
      $0.member("title", title)
      $0.member("status", status.code)
      if let detail { $0.member("detail", detail) }
      if !fields.isEmpty { $0.member("errors", array: fields) }
    }
  }

  /// The answer that carries this problem.
  public var response: Response {
    let type = ("Content-Type", "application/problem+json")
    return Response(status: status, headers: [type] + headers, body: .bytes(JSONWriter.bytes(of: self)))
  }

  /// What an answer to this problem says, whatever its form.
  var headers: [(name: String, value: String)] {
    retryAfterSeconds.map { [("Retry-After", String($0))] } ?? []
  }
}

/// An error that knows its answer. Anything else that a handler throws is answered with 500.
public protocol ProblemConvertible: Error {
  /// What a client is told: no more than it may know.
  var problem: Problem { get }
}

extension Overloaded: ProblemConvertible {
  public var problem: Problem { .overloaded }
}

extension Problem {
  /// 400; `detail` says what was expected.
  public static func badRequest(_ detail: String) -> Problem {
    Problem(.badRequest, title: "The request cannot be understood", detail: detail)
  }

  /// 404; without `detail` also for what this client may not know of.
  public static func notFound(_ detail: String? = nil) -> Problem {
    Problem(.notFound, title: "There is nothing here", detail: detail)
  }

  /// 422; names every field that was not accepted.
  public static func invalid(_ fields: [Field]) -> Problem {
    Problem(.unprocessableContent, title: "Some fields were not accepted", fields: fields)
  }

  /// 503: there is more to do than the bounds allow.
  package static let overloaded = Problem(
    .serviceUnavailable, title: "The server is busy", detail: "Try again in a moment.", retryAfterSeconds: 1)

  /// 500: an error that says nothing to a client.
  package static let unexpected = Problem(
    .internalServerError, title: "Something went wrong on our side",
    detail: "It has been logged under the request id of this answer.")

  static let tookTooLong = Problem(
    .gatewayTimeout, title: "The request took too long", detail: "Try again in a moment.",
    retryAfterSeconds: 1)

  static func contentTooLarge(limitBytes: Int) -> Problem {
    Problem(
      .contentTooLarge, title: "The request is too large", detail: "At most \(limitBytes) bytes are taken.")
  }
}

/// Marks an answer to a request that nobody has begun to work for: asking once more can't do it twice.
package enum NotBegun {
  /// Its name; it is there or not.
  package static let header = "Heights-Not-Begun"
}
