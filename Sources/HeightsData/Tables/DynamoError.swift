// Why a table did not do what was asked.

/// A failure that names the table and what was asked of it. What it was asked with is not shown: there are people's data in it.
package struct DynamoError: Error, Equatable, CustomStringConvertible, ProblemConvertible {
  /// What is known of why.
  package enum Reason: Equatable, Sendable {
    /// No answer, or none that tells anything.
    case away(String)
    /// It asks to wait, until there was no time left: HTTP status, and its code.
    case busy(Int, String)
    /// It will say the same the next time: HTTP status, its code and its words.
    case refused(Int, String, String)
  }

  /// Its name.
  package let table: String
  /// What DynamoDB calls it: `PutItem`.
  package let action: String
  /// Why not.
  package let reason: Reason

  package var description: String {
    let what = "the table \(table) did not do \(action)"
    return switch reason {
    case .away(let why): "\(what): \(why)"
    case .busy(let status, let code): "\(what) in time: HTTP \(status) \(code), each time it was tried"
    case .refused(let status, let code, let text): "\(what): HTTP \(status) \(code): \(text)"
    }
  }

  /// Whether the same may succeed a little later.
  package var isRetryable: Bool { if case .refused = reason { false } else { true } }

  package var problem: Problem {
    Problem(
      .serviceUnavailable, title: "Nobody can be looked up", detail: "Try again in a moment.",
      retryAfterSeconds: 1)
  }
}

/// The item does not meet the condition of a write; nothing was written.
package struct DynamoConditionFailed: Error, Sendable {
  /// As it is.
  package let item: DynamoItem?
}

/// What an answer means to whoever has asked.
enum DynamoVerdict: Equatable {
  /// It has been done.
  case done
  case conditionFailed
  /// It may be done when it is asked for again.
  case busy
  /// The credentials have ended.
  case outdatedCredentials
  case refused

  /// Source: docs.aws.amazon.com, DynamoDB developer guide, "Error handling with DynamoDB".
  private static let busyCodes: Set<String> = [
    "ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded",
    "TransactionConflictException", "TransactionInProgressException", "InternalServerError",
    "ReplicatedWriteConflictException", "LimitExceededException",
  ]

  init(status: Int, code: String) {
    self =
      switch code {
      case _ where (200..<300).contains(status): .done
      case "ConditionalCheckFailedException": .conditionFailed
      case "ExpiredTokenException", "UnrecognizedClientException": .outdatedCredentials
      case _ where Self.busyCodes.contains(code) || status >= 500 || status == 429: .busy
      default: .refused
      }
  }
}
