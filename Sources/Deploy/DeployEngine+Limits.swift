// How long a deployment waits, and how often it looks.

extension DeployEngine {
  /// How long an operation may take before the deployment stops to wait for it; the operation itself goes on.
  public struct Limits: Sendable {
    /// AWS makes a change set within seconds, a large one within a minute.
    public var changeSetS = 600.0
    /// A database instance takes up to 40 minutes, a replica in another region as long as its data takes.
    public var stackS = 3.0 * 3600

    /// Those that AWS's own times suggest.
    public init() {}
  }

  /// Quick at first, since much is done within seconds; then slow enough for AWS's limit on calls.
  static func pauseS(after waitedS: Double) -> Double {
    switch waitedS {
    case ..<3: 0.5
    case ..<60: 2
    default: 10
    }
  }
}
