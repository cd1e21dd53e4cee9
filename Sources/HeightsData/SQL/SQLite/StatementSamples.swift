// What an app asks its database, with parameters of real requests: what a climb asks both engines.

import Synchronization

/// Of each statement that the connections of a database run, some of its uses. Shared by all of them.
final class StatementSamples: Sendable {
  private struct Uses {
    var kept: [SQL] = []
    /// Which of them gives way to the next.
    var oldest = 0
  }

  private static let statementLimit = 512
  private static let useLimit = 4
  /// Of all values of one.
  private static let byteLimit = 16_384
  /// Of how many uses of a prepared statement one is kept; the first is.
  private static let interval = 16

  private let statements = Mutex<[SQLShape: Uses]>([:])

  /// - Parameter count: how often the statement was used since it was prepared, this time included.
  func note(_ sql: SQL, use count: Int) {
    guard count % Self.interval == 1, sql.valueBytes <= Self.byteLimit else { return }
    statements.withLock { statements in
      let shape = SQLShape(sql)
      guard
        var uses = statements.removeValue(forKey: shape)
          ?? (statements.count < Self.statementLimit ? Uses() : nil)
      else { return }
      if uses.kept.count < Self.useLimit {
        uses.kept.append(sql)
      } else {
        uses.kept[uses.oldest] = sql
        uses.oldest = (uses.oldest + 1) % Self.useLimit
      }
      statements[shape.stripped] = uses
    }
  }

  /// All that are kept.
  var all: [SQL] { statements.withLock { $0.values.flatMap(\.kept) } }
}

extension SQL {
  /// Of its texts and blobs.
  fileprivate var valueBytes: Int {
    pieces.reduce(0) { sum, piece in
      switch piece {
      case .value(.text(let text)): sum + text.utf8.count
      case .value(.blob(let bytes)): sum + bytes.count
      default: sum
      }
    }
  }
}
