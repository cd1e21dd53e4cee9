// What is wrong with the environment that a process was started in.

/// A variable that can't be used.
public struct EnvironmentError: Error, CustomStringConvertible {
  public let description: String

  /// - Parameter description: the variable, what it holds unless that may be a secret, and what was expected.
  package init(description: String) { self.description = description }
}
