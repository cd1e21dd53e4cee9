// What is wrong with a file of constants.

import Errors

/// Why constants can't be used: each problem names the file and the path in it.
public struct CatalogError: CodedError, Equatable {
  /// Each names the path and what was expected there; never empty.
  public let problems: [String]

  /// At least one problem.
  public init(problems: [String]) { self.problems = problems }

  public var code: String { "invalid_prices" }
  public var isMisuse: Bool { true }
  public var description: String { problems.joined(separator: "\n") }
}
