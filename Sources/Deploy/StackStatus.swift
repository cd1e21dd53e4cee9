// What state CloudFormation says a stack is in, and what that means for the next deployment.

/// The status of a stack, as CloudFormation spells it.
public struct StackStatus: Equatable, Sendable, CustomStringConvertible {
  /// As CloudFormation spells it, whether Heights knows it or not.
  public let raw: String

  /// Any word: what AWS may yet invent is kept as it is.
  public init(_ raw: String) { self.raw = raw }

  public var description: String { raw }

  /// What can be done with a stack in this state.
  public enum Standing: Equatable, Sendable {
    /// Made by a change set that was never executed: there is nothing in it yet.
    case empty
    /// Ready for an update.
    case settled
    /// An operation is under way.
    case busy
    /// No update can mend it; this tells what can.
    case stuck(advice: String)
  }

  /// What the state means for the next deployment. An unknown one is stuck unless it ends in `_IN_PROGRESS`.
  public var standing: Standing {
    switch raw {
    case "REVIEW_IN_PROGRESS": .empty
    case "CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE",
      "IMPORT_ROLLBACK_COMPLETE":
      .settled
    case "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED":
      .stuck(
        advice:
          "its creation or its removal failed, and it can't be updated: look at its events, delete the stack, "
          + "then deploy again")
    case "UPDATE_FAILED":
      .stuck(
        advice: "its last update failed without a rollback: roll it back, then deploy again")
    case "UPDATE_ROLLBACK_FAILED":
      .stuck(
        advice:
          "its last update failed, and so did going back: mend what its events name, continue the rollback, "
          + "then deploy again")
    // Of the others, known and to come, those that end so are on their way to one of the above.
    case _ where raw.hasSuffix("_IN_PROGRESS"): .busy
    default:
      .stuck(advice: "Heights does not know this state: look at the stack in the CloudFormation console")
    }
  }

  /// Whether the operation that ended here did what was asked.
  var isSuccess: Bool { ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(raw) }

  /// The words behind `aws cloudformation` that mend it, or nil.
  public func remedy(stack: String, region: String) -> String? {
    let verb: String
    switch raw {
    case "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED": verb = "delete-stack"
    case "UPDATE_FAILED": verb = "rollback-stack"
    case "UPDATE_ROLLBACK_FAILED": verb = "continue-update-rollback"
    default: return nil
    }
    return "aws cloudformation \(verb) --stack-name \(stack) --region \(region)"
  }
}

/// A stack as CloudFormation describes it.
struct StackDescription: Equatable, Sendable {
  let status: StackStatus
  let outputs: [String: String]
  let parameters: [String: String]

  init(status: StackStatus, outputs: [String: String] = [:], parameters: [String: String] = [:]) {
    self.status = status
    self.outputs = outputs
    self.parameters = parameters
  }
}

/// Why a resource failed.
public struct StackFailure: Equatable, Sendable, Codable {
  /// The logical id.
  public let resource: String
  /// AWS's name of it, such as `AWS::EC2::Instance`.
  public let type: String
  /// In CloudFormation's words.
  public let reason: String

  init(resource: String, type: String, reason: String) {
    self.resource = resource
    self.type = type
    self.reason = reason
  }
}
