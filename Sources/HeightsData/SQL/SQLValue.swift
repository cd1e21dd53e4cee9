// What can be bound to a parameter.

/// A value as the database stores it.
public enum SQLValue: Sendable, Hashable {
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
}

extension Int: SQLConvertible {
  public var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Int64: SQLConvertible {
  public var sqlValue: SQLValue { .integer(self) }
}

extension Double: SQLConvertible {
  public var sqlValue: SQLValue { .real(self) }
}

extension Bool: SQLConvertible {
  public var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension String: SQLConvertible {
  public var sqlValue: SQLValue { .text(self) }
}

extension Shard: SQLConvertible {
  public var sqlValue: SQLValue { .integer(Int64(number)) }
}

extension [UInt8]: SQLConvertible {
  public var sqlValue: SQLValue { .blob(self) }
}

extension SQLValue: SQLConvertible {
  public var sqlValue: SQLValue { self }
}
