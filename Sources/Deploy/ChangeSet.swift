// What a change set would do, and which of it would cost data.

/// One line of a change set.
public struct Change: Equatable, Sendable, Codable {
  /// Whether the resource that is there gives way to a new one, in CloudFormation's words.
  public enum Replacement: String, Sendable, Codable {
    case never = "False"
    case perhaps = "Conditional"
    case always = "True"
  }

  /// `Add`, `Modify`, `Remove`, and what AWS may yet invent.
  public let action: String
  /// The logical id.
  public let resource: String
  /// AWS's name of it, such as `AWS::RDS::DBInstance`.
  public let type: String
  /// Nil where CloudFormation says nothing of it: a resource that is added or removed.
  public let replacement: Replacement?
  /// What becomes of what goes: `Delete`, `Retain`, `Snapshot`… Nil where CloudFormation does not say.
  let policyAction: String?
  /// Resources of the same stack whose replacement would replace this one too.
  let causes: Set<String>

  init(
    action: String, resource: String, type: String, replacement: Replacement? = nil,
    policyAction: String? = nil, causes: Set<String> = []
  ) {
    self.action = action
    self.resource = resource
    self.type = type
    self.replacement = replacement
    self.policyAction = policyAction
    self.causes = causes
  }
}

/// A change set whose making has ended.
public struct ChangeSet: Equatable, Sendable {
  /// In CloudFormation's order; empty for a change set that has only outputs or tags.
  public let changes: [Change]

  init(changes: [Change]) { self.changes = changes }

  /// Whether a change that only 'might' replace its resource does so, because it follows another that is replaced.
  func isDrawnAlong(_ change: Change) -> Bool { isDrawnAlong(change, seen: [change.resource]) }

  private func isDrawnAlong(_ change: Change, seen: Set<String>) -> Bool {
    changes.contains { cause in
      guard change.causes.contains(cause.resource), !seen.contains(cause.resource) else { return false }
      return cause.replacement == .always || isDrawnAlong(cause, seen: seen.union([cause.resource]))
    }
  }
}
