// One connection to a SQLite file, set up so that what it acknowledges is on the disk.

import CSQLite
import Dialect
import Glibc

/// A connection. Used by one thread at a time; knows nothing of loops and batches.
final class SQLiteConnection {
  enum Role {
    case reader(cacheBytes: Int)
    case writer
    /// Applies migrations: foreign keys are checked at the end instead of all along.
    case migrator
    /// Moves rows to or from another engine: its statements are made at run time, and rows may come in any order.
    case mover
  }

  let handle: OpaquePointer
  /// When the running statement is interrupted.
  var deadline: Deadline?
  /// Frames in the write-ahead log after the last commit.
  private(set) var logFrames = 0
  private var statements: StatementCache
  private var controls: [String: Statement] = [:]
  /// Whether transaction control is refused: apps use `transaction`, migrations are one transaction each.
  private var isGuarded = false
  private let writes: Bool
  /// Nil where statements are our own, which need no looking through.
  private var schema: SQLiteSchema?
  /// Where uses of statements are kept; nil for nowhere.
  var samples: StatementSamples?

  /// - Throws: `DatabaseError.gone` when the file cannot be opened, `.corrupt` when it is no database.
  init(path: String, role: Role, cachedStatements: Int = 8) throws {
    statements = StatementCache(limit: cachedStatements)
    if case .reader = role { writes = false } else { writes = true }
    var opened: OpaquePointer?
    let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_CREATE : 0)
    let code = sqlite3_open_v2(path, &opened, flags, nil)
    guard let opened else { throw DatabaseError.unknown(code: Int(SQLITE_NOMEM), message: "out of memory") }
    handle = opened
    guard code == SQLITE_OK else { throw DatabaseError.gone("\(path): \(Self.message(handle))") }
    sqlite3_extended_result_codes(handle, 1)
    // Short waits that are repeated: whoever waits also looks at the deadline.
    sqlite3_busy_timeout(handle, 100)
    for setting in Self.settings(role) { try control(setting) }
    guard try control("PRAGMA journal_mode") == "wal" else {
      throw DatabaseError.gone("\(path): no write-ahead log is possible here; is this a network file system?")
    }
    installHooks()
    try SQLiteFunctions.register(on: handle)
    if case .mover = role { return }
    heights_refuse_quoted_texts(handle)
    isGuarded = true
    if case .migrator = role { return }
    let schema = try SQLiteSchema(self)
    if case .writer = role { for trigger in schema.triggers { try control(trigger) } }
    self.schema = schema
  }

  deinit {
    statements.removeAll()
    controls.removeAll()
    sqlite3_close_v2(handle)
  }

  private static func settings(_ role: Role) -> [String] {
    let common = ["PRAGMA trusted_schema = OFF", "PRAGMA temp_store = MEMORY", "PRAGMA mmap_size = 0"]
    switch role {
    case .reader(let cacheBytes):
      return common + ["PRAGMA query_only = ON", "PRAGMA cache_size = -\(max(cacheBytes, 65_536) / 1024)"]
    case .writer:
      // Checkpoints are the writer's own business, after it has acknowledged.
      return common + [
        "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = ON",
        "PRAGMA wal_autocheckpoint = 0", "PRAGMA journal_size_limit = 1048576", "PRAGMA cache_size = -2048",
        // A move's triggers hear of the rows that REPLACE removes too.
        "PRAGMA recursive_triggers = ON",
      ]
    case .migrator:
      return common + ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = OFF"]
    case .mover:
      return common + [
        "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA foreign_keys = OFF",
        "PRAGMA wal_autocheckpoint = 0", "PRAGMA cache_size = -8192",
      ]
    }
  }

  // MARK: Statements

  func query<T>(_ sql: SQL, _ decode: (Row) throws -> T) throws -> [T] {
    let statement = try prepared(sql)
    defer { statement.reset() }
    var rows: [T] = []
    while try statement.step() { rows.append(try decode(Row(statement))) }
    return rows
  }

  func first<T>(_ sql: SQL, _ decode: (Row) throws -> T) throws -> T? {
    let statement = try prepared(sql)
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    let row = try decode(Row(statement))
    // A statement that writes and returns rows is only done, its constraints checked, at its end.
    if !statement.isReadOnly { while try statement.step() {} }
    return row
  }

  /// - Returns: how many rows were inserted, updated or deleted.
  func execute(_ sql: SQL) throws -> Int {
    let statement = try prepared(sql)
    defer { statement.reset() }
    let before = sqlite3_total_changes64(handle)
    while try statement.step() {}
    return sqlite3_total_changes64(handle) == before ? 0 : Int(sqlite3_changes64(handle))
  }

  var cachedStatementCount: Int { statements.count }

  /// A statement of our own (transaction control, settings), which the guard lets through.
  /// - Returns: the first value of the first row, as text.
  @discardableResult
  func control(_ text: String) throws -> String? {
    let wasGuarded = isGuarded
    isGuarded = false
    defer { isGuarded = wasGuarded }
    let statement = try controls[text] ?? Statement(text, on: handle)
    controls[text] = statement
    defer { statement.reset() }
    guard try statement.step() else { return nil }
    let answer = sqlite3_column_text(statement.handle, 0).map { String(cString: $0) }
    while try statement.step() {}
    return answer
  }

  /// Runs `body` again while another process holds the file, until the deadline.
  @discardableResult
  static func retryWhileBusy<R>(until deadline: Deadline, _ body: () throws -> R) throws -> R {
    while true {
      do { return try body() } catch let error as DatabaseError {
        guard case .timeout = error, !deadline.hasPassed else { throw error }
        // Most waiting happens inside SQLite; some refusals come at once.
        usleep(2_000)
      }
    }
  }

  /// The rows of a statement of our own, made at run time or not for PostgreSQL.
  func own<T>(_ text: String, _ decode: (Row) throws -> T) throws -> [T] {
    let wasGuarded = isGuarded
    isGuarded = false
    defer { isGuarded = wasGuarded }
    let statement = try Statement(text, on: handle)
    var rows: [T] = []
    while try statement.step() { rows.append(try decode(Row(statement))) }
    return rows
  }

  /// A statement of an app's, which has to mean the same to PostgreSQL.
  func portable(_ text: String, _ schema: SQLiteSchema) throws -> Statement {
    let tokens = SQLToken.all(in: text)
    let problems = StatementCheck(tokens).problems
    if !problems.isEmpty {
      throw DatabaseError.invalid(sql: text, message: problems.map(\.description).joined(separator: "; "))
    }
    let ordered = NullsOrder.applied(to: text, isNeverNull: schema.isNeverNull)
    return try Statement(ordered, on: handle, parameters: schema.types(of: ParameterPlaces(tokens)))
  }

  private func prepared(_ sql: SQL) throws -> Statement {
    let statement = try statements.statement(sql) { text in
      let statement = try schema.map { try portable(text, $0) } ?? Statement(text, on: handle)
      guard writes || statement.isReadOnly else {
        throw statement.invalid("this statement writes, so it belongs inside `transaction { }`")
      }
      return statement
    }
    do { try statement.bind(sql.pieces) } catch {
      statement.reset()
      throw error
    }
    statement.uses &+= 1
    samples?.note(sql, use: statement.uses)
    return statement
  }

  // MARK: State

  /// Whether no transaction is open. Some errors roll the whole of it back by themselves.
  var isAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }

  /// Whether a deferred foreign key points nowhere: COMMIT would refuse it.
  var hasDanglingForeignKeys: Bool {
    var current: Int32 = 0
    var highest: Int32 = 0
    sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &current, &highest, 0)
    return current != 0
  }

  /// Moves the write-ahead log into the file; `truncating` also gives the log's space back, if no reader is in it.
  /// - Returns: false when it was refused (a reader in the log, a full disk). That is harmless: the log stays.
  @discardableResult
  func checkpoint(truncating: Bool) -> Bool {
    let mode = truncating ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE
    let isDone = sqlite3_wal_checkpoint_v2(handle, nil, mode, nil, nil) == SQLITE_OK
    if truncating, isDone { logFrames = 0 }
    return isDone
  }

  static func error(_ handle: OpaquePointer?, _ code: Int32, _ sql: String) -> DatabaseError {
    DatabaseError(
      sqliteCode: code, message: message(handle), sql: sql, systemCode: sqlite3_system_errno(handle))
  }

  private static func message(_ handle: OpaquePointer?) -> String {
    sqlite3_errmsg(handle).map { String(cString: $0) } ?? "unknown"
  }

  // MARK: Hooks

  private func installHooks() {
    // Not retained: the hooks end with the handle, which ends with this object.
    let me = Unmanaged.passUnretained(self).toOpaque()
    sqlite3_progress_handler(handle, 10_000, { SQLiteConnection.from($0).hasRunTooLong ? 1 : 0 }, me)
    sqlite3_wal_hook(
      handle,
      { context, _, _, frames in
        SQLiteConnection.from(context).logFrames = Int(frames)
        return SQLITE_OK
      }, me)
    sqlite3_set_authorizer(
      handle,
      { context, action, _, _, _, _ in
        SQLiteConnection.from(context).forbids(action) ? SQLITE_DENY : SQLITE_OK
      }, me)
  }

  private static func from(_ context: UnsafeMutableRawPointer?) -> SQLiteConnection {
    guard let context else { preconditionFailure("a hook of SQLite came without its context") }
    return Unmanaged<SQLiteConnection>.fromOpaque(context).takeUnretainedValue()
  }

  /// Asked every few thousand steps, by the thread of the task that reads: so the request's deadline costs short reads nothing.
  private var hasRunTooLong: Bool {
    guard let deadline else { return false }
    return deadline.hasPassed || CurrentRequest.deadline?.hasPassed ?? false
  }

  private func forbids(_ action: Int32) -> Bool {
    isGuarded
      && [SQLITE_TRANSACTION, SQLITE_SAVEPOINT, SQLITE_ATTACH, SQLITE_DETACH, SQLITE_PRAGMA].contains(action)
  }
}
