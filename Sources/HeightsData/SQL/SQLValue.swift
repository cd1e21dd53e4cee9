// What can be bound to a parameter.

/// A value as the database stores it.
public enum SQLValue: Sendable, Hashable {
  /// What a parameter's values are, NULL or not.
  public enum Kind: Sendable {
    case integer, real, text, blob
  }

  case null
  case integer(Int64)
  case real(Double)
  case text(String)
  case blob([UInt8])
}

/// Can be interpolated into `SQL`. Conform a type of your own by giving the value that stands for it.
public protocol SQLConvertible {
  /// What is bound in its place.
  var sqlValue: SQLValue { get }
  /// Of what kind `sqlValue` always is, so that `nil` in its place is a NULL of that kind; nil, unless told, where that is left to the
  /// database. PostgreSQL asks: it refuses `\(nil) IS NULL` where it can't tell what is NULL.
  static var sqlKind: SQLValue.Kind? { get }
}

extension SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { nil }
}

extension Int: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .integer }
  public var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .integer }
  public var sqlValue: SQLValue { .integer(self) }
}

extension Double: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .real }
  public var sqlValue: SQLValue { .real(self) }
}

extension Bool: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .integer }
  public var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension String: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .text }
  public var sqlValue: SQLValue { .text(self) }
}

extension Shard: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .integer }
  public var sqlValue: SQLValue { .integer(Int64(number)) }
}

extension [UInt8]: SQLConvertible {
  public static var sqlKind: SQLValue.Kind? { .blob }
  public var sqlValue: SQLValue { .blob(self) }
}

extension SQLValue: SQLConvertible {
  public var sqlValue: SQLValue { self }
}
