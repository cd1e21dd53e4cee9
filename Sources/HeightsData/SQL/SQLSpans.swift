// Statements and transactions as spans of the request that they are for.

/// The engines, by the names of OpenTelemetry's semantic conventions.
enum SQLSystem: String, Sendable {
  case sqlite, postgresql
}

/// The server of a connection.
final class SQLServer: Sendable {
  let host: String
  let port: Int?

  init(host: String, port: Int?) { (self.host, self.port) = (host, port) }
}

/// A statement of the app's, with a placeholder for each value. The values are let go at once: a trace that is kept may wait, and
/// they may be large, or secret.
struct StatementSpan: SpanSubject {
  private static let textBytes = 2_048

  /// What it is made of, in order; nil stands for a value.
  private let pieces: [StaticString?]
  let system: SQLSystem
  /// As the app calls it.
  let database: String
  /// Nil for a file, and for a server that gave no result.
  let server: SQLServer?

  init(sql: SQL, system: SQLSystem, database: String, server: SQLServer?) {
    pieces = sql.pieces.map { piece -> StaticString? in
      switch piece {
      case .text(let text): return text
      case .value, .null: return nil
      }
    }
    (self.system, self.database, self.server) = (system, database, server)
  }

  var kind: SpanKind { .client }
  var name: String { "\(operation) \(database)" }

  var attributes: [SpanAttribute] {
    [
      SpanAttribute("db.system.name", system.rawValue), SpanAttribute("db.namespace", database),
      SpanAttribute("db.operation.name", operation),
      SpanAttribute("db.query.text", text, limitBytes: Self.textBytes),
    ] + (server.map { SpanAttribute.server($0.host, port: $0.port) } ?? [])
  }

  /// As the database gets it.
  private var text: String {
    var (text, parameters) = ("", 0)
    for piece in pieces {
      if let piece {
        text += piece.description
      } else {
        parameters += 1
        text += "$\(parameters)"
      }
    }
    return text
  }

  /// The first word.
  private var operation: String {
    guard let first = pieces.first, let text = first else { return "SQL" }
    let word = text.description.drop { $0.isWhitespace }.prefix { $0.isLetter }
    return word.isEmpty ? "SQL" : word.uppercased()
  }
}

/// A transaction: from when it was asked for until it was acknowledged, with its waits and whatever was tried again. Its
/// statements are its parts; what is left at its end is the commit.
struct TransactionSpan: SpanSubject {
  let system: SQLSystem
  /// Nil where it spread over none, because it had no statement.
  let database: String?

  var kind: SpanKind { .inside }
  var name: String { ["TRANSACTION", database].compactMap { $0 }.joined(separator: " ") }

  var attributes: [SpanAttribute] {
    [SpanAttribute("db.system.name", system.rawValue)]
      + (database.map { [SpanAttribute("db.namespace", $0)] } ?? [])
  }
}

extension OpenSpan {
  /// What the engines' errors are called in spans: never with their words, which may tell of rows.
  static func failure(_ error: any Error) -> String {
    guard let error = error as? DatabaseError else { return "\(type(of: error))" }
    return switch error {
    case .conflict: "conflict"
    case .readOnly: "read_only"
    case .gone: "gone"
    case .timeout: "timeout"
    case .contended: "contended"
    case .tooMany: "too_many"
    case .full: "full"
    case .invalid: "invalid"
    case .zeroInText: "zero_in_text"
    case .notANumber: "not_a_number"
    case .corrupt: "corrupt"
    case .unknown: "unknown"
    }
  }
}
