// The prepared statements of one connection.

import CPostgres

/// Prepared statements, bounded: what was used longest ago goes first. Loop thread only.
final class PostgresStatements {
  /// Statements with the same literals and the same kinds of values at the same places.
  private struct Key: Hashable {
    let pieces: [SQL.Piece]

    func hash(into hasher: inout Hasher) {
      for piece in pieces {
        switch piece {
        case .text(let literal): hasher.combine(literal.utf8Start)
        case .value, .null: hasher.combine(piece.kind)
        }
      }
    }

    static func == (left: Key, right: Key) -> Bool {
      guard left.pieces.count == right.pieces.count else { return false }
      for index in left.pieces.indices {
        switch (left.pieces[index], right.pieces[index]) {
        case (.text(let one), .text(let other)):
          if one.utf8Start != other.utf8Start || one.utf8CodeUnitCount != other.utf8CodeUnitCount {
            return false
          }
        case (.text, _), (_, .text): return false
        case (let one, let other): if one.kind != other.kind { return false }
        }
      }
      return true
    }

    /// The same without the values, to be kept.
    var stripped: Key {
      Key(
        pieces: pieces.map { piece in
          piece.bound == nil ? piece : piece.kind.map { .null($0) } ?? .value(.null)
        })
    }
  }

  private final class Entry {
    let name: String
    let key: Key
    var lastUse: Int

    init(_ name: String, _ key: Key, lastUse: Int) {
      (self.name, self.key, self.lastUse) = (name, key, lastUse)
    }
  }

  static let limit = 256

  private var entries: [Key: Entry] = [:]
  private var keys: [String: Key] = [:]
  /// The one that was used last: most often it is wanted again.
  private var recent: Entry?
  private var failed: (name: String, error: DatabaseError)?
  private var uses = 0

  /// The name of a statement. `isNew`: it has to be prepared; `evicted`: this one has to be let go first.
  func name(of sql: SQL) -> (name: String, isNew: Bool, evicted: String?) {
    let key = Key(pieces: sql.pieces)
    uses += 1
    if let recent {
      if recent.key == key { return (recent.name, false, nil) }
      recent.lastUse = uses - 1
    }
    if let found = entries[key] {
      found.lastUse = uses
      recent = found
      return (found.name, false, nil)
    }
    let evicted =
      entries.count >= Self.limit ? entries.min { $0.value.lastUse < $1.value.lastUse }?.value.name : nil
    if let evicted { forget(evicted) }
    let entry = Entry("h\(uses)", key.stripped, lastUse: uses)
    entries[entry.key] = entry
    keys[entry.name] = entry.key
    recent = entry
    return (entry.name, true, evicted)
  }

  /// Whether a statement failed only since it has to be prepared anew: the server does not have it, for what was to prepare it was
  /// skipped; or a migration has changed the columns of its result.
  static func isStale(_ result: OpaquePointer) -> Bool {
    func field(_ code: Character) -> String? {
      PQresultErrorField(result, Int32(code.asciiValue ?? 0)).map { String(cString: $0) }
    }
    switch field("C") {
    case "26000": return true
    // Other things that are not supported have the same code.
    case "0A000": return field("R") == "RevalidateCachedQuery"
    default: return false
    }
  }

  /// It was not prepared after all.
  func forget(_ name: String) {
    if let key = keys.removeValue(forKey: name) { entries[key] = nil }
    if recent?.name == name { recent = nil }
  }

  func fail(_ name: String, _ error: DatabaseError) {
    forget(name)
    failed = (name, error)
  }

  /// Why the statement of that name could not be prepared, told to the one who asked for it.
  func error(ofPreparing name: String, _ sql: SQL) -> DatabaseError? {
    guard let failed, failed.name == name else { return nil }
    self.failed = nil
    if case .invalid(_, let message) = failed.error {
      return .invalid(sql: sql.description, message: message)
    }
    return failed.error
  }
}

extension SQL.Piece {
  /// What tells the types of parameters apart; nil for text, and a NULL of no kind.
  var kind: SQLValue.Kind? {
    switch self {
    case .text, .value(.null): nil
    case .null(let kind): kind
    case .value(.integer): .integer
    case .value(.real): .real
    case .value(.text): .text
    case .value(.blob): .blob
    }
  }
}
