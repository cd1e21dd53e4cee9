// The PostgreSQL end of a move: rows by COPY with their progress, capture by triggers for the way back.

import CPostgres

/// A connection to the database that is moved to, or back from. Used by one thread at a time.
final class PostgresSide {
  /// How far a table's copy has come.
  struct Progress {
    var key: [SQLValue]?
    var rows = 0
    var isDone = false
  }

  let session: PostgresSession

  /// - Parameter statementMs: how long the server lets one statement run.
  init(_ target: PostgresTarget, statementMs: Int) throws {
    session = try PostgresSession(target, statementMs: statementMs)
  }

  func transaction<T>(_ body: () throws -> T) throws -> T { try session.transaction("BEGIN", body) }

  /// Runs `body` where all reads see the database as it is at the first of them.
  func snapshot<T>(_ body: () throws -> T) throws -> T {
    try session.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ", body)
  }

  /// The app's tables, in the order of their names.
  func tables() throws -> [MoveTable] { try schema().map { try $0.moved } }

  // MARK: Progress

  /// The move that was begun here; nil when none was.
  func moveID() throws -> String? {
    guard try has("heights_move") else { return nil }
    return try session.rows("SELECT id FROM heights_move").first?.first
  }

  private func has(_ table: String) throws -> Bool {
    try session.rows("SELECT to_regclass($1) IS NOT NULL", [table])[0][0] == "t"
  }

  func firstWithRows(of tables: [MoveTable]) throws -> String? {
    try tables.first { try session.rows("SELECT EXISTS (SELECT FROM \($0.quotedName))")[0][0] == "t" }?.name
  }

  /// Empties what a former move has left, and writes down that this one begins.
  func begin(moveID: String, _ tables: [MoveTable]) throws {
    try session.transaction {
      try removeCapture(tables)
      try clear(tables)
      try session.run(
        """
        CREATE TABLE heights_move (id TEXT NOT NULL);
        CREATE TABLE heights_move_progress (
          table_name TEXT PRIMARY KEY, last_key TEXT NOT NULL, row_count BIGINT NOT NULL, is_done BOOLEAN NOT NULL);
        """)
      try session.run("INSERT INTO heights_move VALUES ($1)", [moveID])
      try setForeignKeysAside()
    }
  }

  private func clear(_ tables: [MoveTable]) throws {
    try session.run("DROP TABLE IF EXISTS heights_move, heights_move_progress")
    if tables.isEmpty { return }
    try session.run("TRUNCATE \(tables.map(\.quotedName).joined(separator: ", "))")
  }

  func progress(_ table: MoveTable) throws -> Progress {
    let rows = try session.rows(
      "SELECT last_key, row_count, is_done FROM heights_move_progress WHERE table_name = $1", [table.name])
    guard let row = rows.first else { return Progress() }
    return Progress(key: try MoveKey.decode(row[0]), rows: Int(row[1]) ?? 0, isDone: row[2] == "t")
  }

  private func note(_ progress: Progress, _ table: MoveTable) throws {
    try session.run(
      """
      INSERT INTO heights_move_progress VALUES ($1, $2, $3::bigint, $4::boolean)
      ON CONFLICT (table_name) DO UPDATE SET
      last_key = excluded.last_key, row_count = excluded.row_count, is_done = excluded.is_done
      """, [table.name, MoveKey.encode(progress.key ?? []), "\(progress.rows)", "\(progress.isDone)"])
  }

  // MARK: Foreign keys. A copy of a database in use has rows of different moments, which need not fit each other.

  /// Also those that a flip has restored which then did not happen.
  func setForeignKeysAside() throws {
    try session.run(
      """
      CREATE TABLE IF NOT EXISTS heights_foreign_keys (
        table_name TEXT NOT NULL, name TEXT NOT NULL, definition TEXT NOT NULL);
      INSERT INTO heights_foreign_keys SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
        AND (conrelid::regclass::text, conname) NOT IN (SELECT table_name, name FROM heights_foreign_keys);
      """)
    for row in try foreignKeys() {
      try session.run("ALTER TABLE \(row[0]) DROP CONSTRAINT IF EXISTS \(MoveTable.quote(row[1]))")
    }
  }

  private func foreignKeys() throws -> [[String]] {
    guard try has("heights_foreign_keys") else { return [] }
    return try session.rows("SELECT table_name, name, definition FROM heights_foreign_keys")
  }

  /// For new rows at once; those that are there are checked by `checkForeignKeys`.
  func restoreForeignKeys() throws {
    for row in try foreignKeys() {
      let name = MoveTable.quote(row[1])
      try session.run("ALTER TABLE \(row[0]) DROP CONSTRAINT IF EXISTS \(name)")
      try session.run("ALTER TABLE \(row[0]) ADD CONSTRAINT \(name) \(row[2]) NOT VALID")
    }
  }

  func checkForeignKeys() throws {
    for row in try foreignKeys() {
      try session.run("ALTER TABLE \(row[0]) VALIDATE CONSTRAINT \(MoveTable.quote(row[1]))")
    }
    try session.run("DROP TABLE IF EXISTS heights_foreign_keys")
  }

  // MARK: Rows

  private func copy(
    _ table: MoveTable, _ columns: String,
    _ fill: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws { try session.copyIn("COPY \(table.quotedName) (\(columns)) FROM STDIN", fill) }

  /// Adds rows, and notes in the same transaction how far the copy has come.
  /// - Parameter rows: puts them, and says how far that is. It does not escape; it is said to for it is handed what may
  ///   not.
  func add(
    to table: MoveTable, _ rows: @escaping ((UnsafeRawBufferPointer) throws -> Void) throws -> Progress
  ) throws {
    try session.transaction {
      var progress = Progress()
      try copy(table, table.columnList) { put in progress = try rows(put) }
      try note(progress, table)
    }
  }

  /// Adds rows one by one, where a row may be in the way of another that has changed since it was copied.
  /// - Parameter rows: hands each row over, and is told whether it was added.
  func addFitting(
    to table: MoveTable, _ progress: Progress, _ rows: (([SQLValue], CopyText) throws -> Bool) throws -> Void
  ) throws {
    try session.transaction {
      try session.run(
        "CREATE TEMP TABLE heights_row ON COMMIT DROP AS SELECT \(table.columnList) FROM \(table.quotedName) WITH NO DATA"
      )
      try rows { key, text in
        try session.copyIn("COPY heights_row FROM STDIN") { put in try text.bytes.withUnsafeBytes(put) }
        let added = try named(table, key) {
          try session.rows(
            "INSERT INTO \(table.quotedName) (\(table.columnList)) SELECT * FROM heights_row ON CONFLICT DO NOTHING RETURNING 1"
          )
        }
        try session.run("TRUNCATE heights_row")
        return !added.isEmpty
      }
      try note(progress, table)
    }
  }

  /// Takes the rows of these keys away.
  func remove(
    _ table: MoveTable, keys: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    try putKeys(of: table, keys)
    try session.run("DELETE FROM \(table.quotedName)\(Self.isPut(table))")
  }

  /// Keeps keys for the rest of the transaction.
  func putKeys(
    of table: MoveTable, _ keys: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let temporary = Self.temporaryKeys(table)
    try session.run(
      "CREATE TEMP TABLE \(temporary) ON COMMIT DROP AS SELECT \(table.keyList) FROM \(table.quotedName) WITH NO DATA"
    )
    try session.copyIn("COPY \(temporary) FROM STDIN", keys)
    // Without figures the planner might read the whole table.
    try session.run("ANALYZE \(temporary)")
  }

  private static func temporaryKeys(_ table: MoveTable) -> String {
    MoveTable.quote("heights_keys_" + table.name)
  }

  /// Of the rows whose keys were put in this transaction.
  static func isPut(_ table: MoveTable) -> String {
    " WHERE (\(table.keyList)) IN (SELECT \(table.keyList) FROM \(temporaryKeys(table)))"
  }

  /// Lets the server plan by what is there now.
  func analyze(_ tables: [MoveTable]) throws {
    for table in tables { try session.run("ANALYZE \(table.quotedName)") }
  }

  /// In the caller's transaction, which goes on when the rows are refused.
  func insert(
    into table: MoveTable, _ rows: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    try session.run("SAVEPOINT heights_insert")
    do { try copy(table, table.columnList, rows) } catch {
      // The error to report is the first one.
      _ = try? session.run("ROLLBACK TO SAVEPOINT heights_insert")
      throw error
    }
    try session.run("RELEASE SAVEPOINT heights_insert")
  }

  /// Of the rows whose keys `remove` was given in this transaction.
  func digestOfRemoved(_ table: MoveTable) throws -> RowDigest { try digest(table, where: Self.isPut(table)) }

  /// Of all rows of a table.
  func digest(_ table: MoveTable) throws -> RowDigest { try digest(table, where: "") }

  private func digest(_ table: MoveTable, where condition: String) throws -> RowDigest {
    var digest = RowDigest()
    try copyOut(table, where: condition) { digest.add($0) }
    return digest
  }

  /// Hands rows over as they are compared.
  func copyOut(
    _ table: MoveTable, where condition: String, _ take: (UnsafeRawBufferPointer) -> Void
  ) throws {
    let columns = (table.columns + table.generated).map { column in
      let name = MoveTable.quote(column.name)
      return column.kind == .real ? "encode(float8send(\(name)), 'hex')" : name
    }
    try session.copyOut(
      "COPY (SELECT \(columns.joined(separator: ", ")) FROM \(table.quotedName)\(condition)) TO STDOUT", take)
  }

  // MARK: Capture

  /// From now on the key of each row that is written is noted in the same transaction.
  func installCapture(_ tables: [MoveTable]) throws {
    for table in tables {
      let function = MoveTable.quote("heights_touch_" + table.name)
      let old = table.keyNames.map { "OLD.\($0)" }.joined(separator: ", ")
      let new = table.keyNames.map { "NEW.\($0)" }.joined(separator: ", ")
      try session.run(
        """
        CREATE TABLE IF NOT EXISTS \(table.touched) AS SELECT \(table.keyList) FROM \(table.quotedName) WITH NO DATA;
        CREATE OR REPLACE FUNCTION \(function)() RETURNS trigger LANGUAGE plpgsql AS $function$
        BEGIN
          IF TG_OP <> 'INSERT' THEN INSERT INTO \(table.touched) VALUES (\(old)); END IF;
          IF TG_OP <> 'DELETE' THEN INSERT INTO \(table.touched) VALUES (\(new)); END IF;
          RETURN NULL;
        END $function$;
        CREATE OR REPLACE TRIGGER heights_touch AFTER INSERT OR UPDATE OR DELETE ON \(table.quotedName)
          FOR EACH ROW EXECUTE FUNCTION \(function)();
        """)
    }
  }

  private func removeCapture(_ tables: [MoveTable]) throws {
    for table in tables {
      try session.run(
        """
        DROP FUNCTION IF EXISTS \(MoveTable.quote("heights_touch_" + table.name)) CASCADE;
        DROP TABLE IF EXISTS \(table.touched);
        """)
    }
  }

  /// Ends the move where the rows are here.
  func finish(_ tables: [MoveTable]) throws {
    try session.transaction {
      try removeCapture(tables)
      try checkForeignKeys()
      try session.run("DROP TABLE IF EXISTS heights_move, heights_move_progress")
    }
  }

  /// Ends the move where the rows are elsewhere: nothing of it stays.
  func abandon(_ tables: [MoveTable]) throws {
    try session.transaction {
      try removeCapture(tables)
      try clear(tables)
      try restoreForeignKeys()
      try checkForeignKeys()
    }
  }

  /// Whether capture is installed for every table.
  func hasCapture(_ tables: [MoveTable]) throws -> Bool { try tables.allSatisfy { try has($0.touched) } }

  func touchedCount(_ table: MoveTable) throws -> Int {
    Int(try session.rows("SELECT count(*) FROM \(table.touched)")[0][0]) ?? 0
  }

  /// Takes the keys that are noted, and reads their rows, in the caller's snapshot.
  func takeTouched(_ table: MoveTable) throws -> (keys: [[SQLValue]], rows: [[SQLValue]]) {
    let temporary = Self.temporaryKeys(table)
    try session.run(
      "CREATE TEMP TABLE \(temporary) ON COMMIT DROP AS SELECT DISTINCT \(table.keyList) FROM \(table.touched)"
    )
    try session.run("DELETE FROM \(table.touched); ANALYZE \(temporary)")
    let keyKinds = table.key.map { table.columns[$0].kind }
    let keys = try session.result(of: "SELECT \(table.keyList) FROM \(temporary)").map {
      try Self.values($0, keyKinds)
    }
    let rows = try session.result(
      of:
        "SELECT \(table.columnList) FROM \(table.quotedName) WHERE (\(table.keyList)) IN (SELECT \(table.keyList) FROM \(temporary))"
    ).map { try Self.values($0, table.columns.map(\.kind)) }
    return (keys, rows)
  }

  private static func values(_ row: Row, _ kinds: [MoveTable.Kind]) throws -> [SQLValue] {
    try kinds.enumerated().map { column, kind in
      if try row.isNull(column) { return .null }
      switch kind {
      case .integer: return .integer(try row.int(column))
      case .real: return .real(try row.double(column))
      case .text: return .text(try row.text(column))
      case .blob: return .blob(try row.blob(column))
      }
    }
  }

  // MARK: Identifiers

  /// No identifier up to that millisecond is made here any more.
  func raiseHighWater(toMs ms: Int64) throws {
    try session.run(
      """
      INSERT INTO heights_identifiers AS held (shard, last_tick)
      SELECT shard, $1::bigint FROM generate_series(0, 4095) AS shard
      ON CONFLICT (shard) DO UPDATE SET last_tick = GREATEST(held.last_tick, EXCLUDED.last_tick)
      """, ["\((ms + 1) << 10)"])
  }

  /// The latest millisecond that an identifier was made in, counted from `Identifier.epochMs`; 0 for none.
  func highWaterMs() throws -> Int64 {
    Int64(try session.rows("SELECT coalesce(max(last_tick), 0) >> 10 FROM heights_identifiers")[0][0]) ?? 0
  }
}
