// An identifier as a value of statements.

extension Identifier: SQLConvertible {
  public var sqlValue: SQLValue { .integer(value) }
}
