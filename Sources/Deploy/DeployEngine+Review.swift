// What is shown and judged before a stack is changed.

extension DeployEngine {
  /// A change set before it is executed.
  public struct Review: Equatable, Sendable {
    /// What is about to be changed.
    public let stack: StackPlan
    let kind: Kind
    /// What CloudFormation says it would do.
    public let changeSet: ChangeSet
    /// What it would lose, by CloudFormation's own words and by the comparison of the templates.
    public let losses: [DataLoss]
  }
}
