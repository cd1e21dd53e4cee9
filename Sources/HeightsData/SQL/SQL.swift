// A statement as apps write it: a literal whose interpolations become bound parameters.

/// One SQL statement. `"SELECT name FROM accounts WHERE id = \(id)"` binds `id` as `$1`; it never becomes text.
///
/// Its text comes from literals of the source alone (there is no way in for a string made at run time), so nothing
/// that a user sends can change what a statement means.
public struct SQL: ExpressibleByStringInterpolation, Sendable, CustomStringConvertible {
  /// What a statement is made of, in order.
  enum Piece: Sendable {
    case text(StaticString)
    case value(SQLValue)
    /// NULL where values of a kind stand.
    case null(SQLValue.Kind)

    /// What is bound; nil for text.
    var bound: SQLValue? {
      switch self {
      case .text: nil
      case .value(let value): value
      case .null: .null
      }
    }
  }

  let pieces: [Piece]
  /// Those that were interpolated as `Shard`: they say where the statement is to run.
  let shards: ShardSpan

  public init(stringLiteral text: StaticString) { (pieces, shards) = ([.text(text)], ShardSpan()) }

  public init(stringInterpolation: StringInterpolation) {
    (pieces, shards) = (stringInterpolation.pieces, stringInterpolation.shards)
  }

  /// The text as the database gets it, `$1`, `$2`… for the parameters. Their values are not shown.
  public var description: String {
    var text = ""
    var parameters = 0
    for piece in pieces {
      switch piece {
      case .text(let literal): text += literal.description
      case .value, .null:
        parameters += 1
        text += "$\(parameters)"
      }
    }
    return text
  }

  public struct StringInterpolation: StringInterpolationProtocol, Sendable {
    var pieces: [Piece] = []
    var shards = ShardSpan()

    public init(literalCapacity: Int, interpolationCount: Int) {
      pieces.reserveCapacity(2 * interpolationCount + 1)
    }

    public mutating func appendLiteral(_ literal: StaticString) {
      if literal.utf8CodeUnitCount > 0 { pieces.append(.text(literal)) }
    }

    /// A bound parameter.
    public mutating func appendInterpolation(_ value: some SQLConvertible) {
      pieces.append(.value(value.sqlValue))
    }

    /// A bound parameter that says where the statement is to run, wherever in it that stands. All shards of a statement lie in
    /// one range of the placement.
    public mutating func appendInterpolation(_ shard: Shard) {
      pieces.append(.value(shard.sqlValue))
      shards.add(shard)
    }

    /// A bound parameter that may be NULL.
    public mutating func appendInterpolation<Value: SQLConvertible>(_ value: Value?) {
      let null: Piece = Value.sqlKind.map { .null($0) } ?? .value(.null)
      pieces.append(value.map { .value($0.sqlValue) } ?? null)
      if Value.self == Shard.self, let shard = value as? Shard { shards.add(shard) }
    }

    /// Another statement, or a part of one, with its parameters.
    public mutating func appendInterpolation(sql fragment: SQL) {
      pieces.append(contentsOf: fragment.pieces)
      shards.add(fragment.shards)
    }

    /// What follows `VALUES`: a row of shard and identifier for each, to be joined or looked for. They say where the statement is
    /// to run. Beside them are rows of -1, which no table has, up to a power of two: so lists share a few prepared
    /// statements.
    ///
    /// For identifiers of several clusters, and for many, see `Database.query(for:merging:_:_:)`.
    public mutating func appendInterpolation(rows ids: some Collection<Identifier>) {
      pieces.reserveCapacity(pieces.count + 4 * ids.count.roundedUpToPowerOfTwo + 8)
      pieces.append(.text("("))
      for id in ids {
        shards.add(id.shard)
        appendRow(id.shard.sqlValue, id.sqlValue)
      }
      let nowhere = SQLValue.integer(-1)
      for _ in ids.count..<max(ids.count, 1).roundedUpToPowerOfTwo { appendRow(nowhere, nowhere) }
      pieces[pieces.count - 1] = .text(")")
    }

    private mutating func appendRow(_ shard: SQLValue, _ id: SQLValue) {
      pieces.append(.value(shard))
      pieces.append(.text(", "))
      pieces.append(.value(id))
      pieces.append(.text("), ("))
    }

    /// The inside of `IN (…)`: one parameter for each element, up to 10,000. No element matches nothing.
    public mutating func appendInterpolation(list values: [some SQLConvertible]) {
      for shard in values as? [Shard] ?? [] { shards.add(shard) }
      guard let last = values.last else { return pieces.append(.text("SELECT NULL WHERE 1 = 0")) }
      for (index, value) in values.enumerated() {
        if index > 0 { pieces.append(.text(", ")) }
        pieces.append(.value(value.sqlValue))
      }
      // Lengths are rounded up to powers of two, so that lists share a few prepared statements.
      for _ in values.count..<values.count.roundedUpToPowerOfTwo {
        pieces.append(.text(", "))
        pieces.append(.value(last.sqlValue))
      }
    }
  }
}

/// From the lowest to the highest of some shards; of none at first.
struct ShardSpan: Equatable, Sendable {
  private(set) var lowest = UInt16.max
  private(set) var highest = UInt16.min

  var isEmpty: Bool { lowest > highest }
  /// The shard, where there is just one.
  var only: UInt16? { lowest == highest ? lowest : nil }

  mutating func add(_ shard: Shard) {
    lowest = min(lowest, shard.number)
    highest = max(highest, shard.number)
  }

  mutating func add(_ other: ShardSpan) {
    lowest = min(lowest, other.lowest)
    highest = max(highest, other.highest)
  }

  /// Whether none of them lies outside; ranges have no gaps.
  func lies(in range: ShardRange) -> Bool { range.first <= Int(lowest) && Int(highest) <= range.last }
}

extension Int {
  fileprivate var roundedUpToPowerOfTwo: Int {
    self <= 1 ? self : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount)
  }
}

/// Statements with the same literals and parameters at the same places, whatever the values: they share one
/// prepared statement. Literals are compared by address, which is why making and finding a statement costs so little.
struct SQLShape: Hashable {
  let pieces: [SQL.Piece]

  init(_ sql: SQL) { pieces = sql.pieces }

  /// The same shape without the values, to be kept.
  var stripped: SQLShape { SQLShape(pieces.map { $0.bound == nil ? $0 : .value(.null) }) }

  private init(_ pieces: [SQL.Piece]) { self.pieces = pieces }

  func hash(into hasher: inout Hasher) {
    for piece in pieces {
      if case .text(let literal) = piece { hasher.combine(literal.utf8Start) } else { hasher.combine(0) }
    }
  }

  static func == (left: SQLShape, right: SQLShape) -> Bool {
    guard left.pieces.count == right.pieces.count else { return false }
    for (one, other) in zip(left.pieces, right.pieces) {
      switch (one, other) {
      case (.value, .value), (.value, .null), (.null, .value), (.null, .null): continue
      case (.text(let one), .text(let other)):
        if one.utf8Start != other.utf8Start || one.utf8CodeUnitCount != other.utf8CodeUnitCount {
          return false
        }
      default: return false
      }
    }
    return true
  }
}
