// What only one of two engines understands, or takes for something else.

/// A place in a text of SQL that SQLite takes and PostgreSQL does not, or not for the same.
package struct DialectProblem: Equatable, Sendable, CustomStringConvertible {
  /// From 1.
  package let line: Int
  /// What is there, why that can't stay, and what to write instead.
  package let description: String

  /// - Parameters:
  ///   - line: from 1.
  ///   - description: what is there, why that can't stay, and what to write instead.
  package init(line: Int, _ description: String) {
    self.line = line
    self.description = description
  }
}
