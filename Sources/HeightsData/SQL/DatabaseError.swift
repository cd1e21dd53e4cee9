// How a database refuses: the cases, whether trying again can help, and the wording.

/// Why a statement or transaction did not happen.
///
/// A transaction that throws any of these left nothing behind, except `.unknown`: its outcome may not be known.
public enum DatabaseError: Error, Equatable, Sendable {
  /// A constraint of the schema forbids it.
  case conflict(Constraint)
  /// The database takes no writes at present.
  case readOnly
  /// The database cannot be reached, or was closed.
  case gone(String)
  /// It took longer than its deadline.
  case timeout(String)
  /// Other transactions were in its way, again and again until its deadline.
  case contended(String)
  /// More is waiting than the bounds allow.
  case tooMany
  /// The disk or its quota is used up. Reads go on.
  case full(String)
  /// The statement, its parameters or how its result is read are wrong: a mistake in the app.
  case invalid(sql: String, message: String)
  /// A text has the character U+0000, which PostgreSQL does not store: so no engine takes it.
  case zeroInText
  /// A double is no number (NaN), which SQLite makes NULL of: so no engine takes it.
  case notANumber
  /// The file is damaged.
  case corrupt(String)
  /// What has no case of its own, with the engine's code; with 0 it is not known whether it was done: the server left while it
  /// committed.
  case unknown(code: Int, message: String)

  /// A constraint that was violated.
  public struct Constraint: Equatable, Sendable {
    /// What the constraint forbids.
    public enum Kind: Sendable { case unique, foreignKey, notNull, check, other }
    /// By which what was written was refused.
    public let kind: Kind
    /// The columns concerned, each as `table.column`. Empty where the engine does not tell.
    public let columns: [String]
    /// The name of the constraint or index. `nil` where the engine does not tell.
    public let name: String?

    /// - Parameters:
    ///   - columns: each as `table.column`; empty where the engine does not tell.
    ///   - name: nil where the engine does not tell.
    public init(_ kind: Kind, columns: [String] = [], name: String? = nil) {
      self.kind = kind
      self.columns = columns
      self.name = name
    }
  }

  /// Whether the same transaction may succeed when it is tried again soon.
  public var isRetryable: Bool {
    switch self {
    case .readOnly, .gone, .timeout, .contended, .tooMany: true
    case .conflict, .full, .invalid, .zeroInText, .notANumber, .corrupt, .unknown: false
    }
  }
}

extension DatabaseError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .conflict(let constraint): "refused by \(constraint)"
    case .readOnly: "the database takes no writes at present; try again"
    case .gone(let message): "the database cannot be reached: \(message)"
    case .timeout(let message): "out of time: \(message)"
    case .contended(let message): "others were in the way: \(message); try again"
    case .tooMany: "too much is waiting for the database; try again later"
    case .full(let message): "no space left for writes: \(message)"
    case .invalid(let sql, let message): "\(message), in: \(sql)"
    case .zeroInText: "a text has the character U+0000, which can't be stored"
    case .notANumber: "a double is no number (NaN), which can't be stored"
    case .corrupt(let message): "the database file is damaged: \(message); restore it from a backup"
    case .unknown(let code, let message): "the database failed with code \(code): \(message)"
    }
  }
}

extension DatabaseError.Constraint: CustomStringConvertible {
  public var description: String {
    let rule =
      switch kind {
      case .unique: "a uniqueness constraint"
      case .foreignKey: "a foreign key"
      case .notNull: "a NOT NULL constraint"
      case .check: "a check constraint"
      case .other: "a constraint"
      }
    let subject = columns.isEmpty ? name ?? "" : columns.joined(separator: ", ")
    return subject.isEmpty ? rule : "\(rule) on \(subject)"
  }
}
