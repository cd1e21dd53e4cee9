// What is wrong with the environment that a process was started in.

/// A variable that can't be used.
public struct EnvironmentError: Error, CustomStringConvertible {
  public let description: String
}
