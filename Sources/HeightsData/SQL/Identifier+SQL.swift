// An identifier as a value of statements.

extension Identifier: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .integer }
  public var sqlValue: SQLValue { .integer(value) }
}
