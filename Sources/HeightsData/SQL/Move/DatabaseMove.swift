// The move of one database from its SQLite file to a PostgreSQL cluster, and the way back.

import Contract
import Foundation

/// Moves a database while the app uses it.
///
/// Triggers note the key of every row that is written from the beginning on. Rows are copied in the order of their keys,
/// a chunk at a time, and each chunk's transaction notes how far it came, so an interrupted copy goes on there. Then, as
/// often as it takes, the rows that were touched are carried over as they are now: after each such round the target is
/// what the source was at one moment. The last round happens behind a fence that no transaction passes.
///
/// Blocks its thread. Whoever calls sees to it that one thread at a time does.
package final class DatabaseMove: Sendable {
  /// Of rows that share a transaction; a chunk ends sooner when it has `chunkBytes`.
  private static let chunkRows = 20_000
  private static let chunkBytes = 4 << 20
  /// How long the server may take for a statement: reading a whole table is one.
  private static let statementMs = 1_800_000
  /// Before the fence is raised, a round may leave no more than this for it.
  private static let pendingLimit = 500
  private static let roundLimit = 20
  private static let busyMs = 10_000
  /// How long transactions wait at most while nothing is decided.
  static let fenceMs = 2_000

  /// Of the database.
  package let name: String
  let path: String
  /// How far it has come.
  package let progress: MoveProgress
  private let target: PostgresTarget
  private let migrations: [Migration]
  /// What is in a file, or has come from one, has one range.
  private let engines: PlacedEngines
  private let loop: EventLoop

  package init(
    _ database: Database, path: String, migrations: [Migration], to target: PostgresTarget, loop: EventLoop
  ) {
    name = database.name
    self.path = path
    self.migrations = migrations
    self.target = target
    engines = database.engines
    self.loop = loop
    progress = MoveProgress(database.name)
  }

  // MARK: Ends

  private func postgres() throws -> PostgresSide { try PostgresSide(target, statementMs: Self.statementMs) }
  private func sqlite() throws -> SQLiteSide { try SQLiteSide(path: path) }
  private var busy: Deadline { .afterMs(Self.busyMs) }

  // MARK: Copy

  /// Counts the rows, so that whoever watches knows how much there is before it is this one's turn.
  package func measure() throws {
    let source = try sqlite()
    let total = try source.tables().reduce(0) { $0 + (try source.rowCount(of: $1.name)) }
    progress.update { $0.totalRows = total }
  }

  /// Copies all rows, or those that an earlier call has not, and what was written meanwhile.
  package func copy(isStopped: () -> Bool) throws {
    progress.update { $0.state = .copying }
    try checkName()
    let migrator = try PostgresMigrator(target)
    let (source, target) = (try sqlite(), try postgres())
    try target.checkRights(name)
    try migrator.apply(migrations)
    let tables = try checkedTables(source, target)
    try begin(source, target, tables)
    try measure()
    let done = try tables.map { try target.progress($0) }
    progress.update { $0.rows = done.reduce(0) { $0 + $1.rows } }
    for (table, done) in zip(tables, done) where !done.isDone {
      try copy(table, from: done, source, target, isStopped)
    }
    try catchUp(source, target, tables)
    try target.analyze(tables)
    progress.update { $0.state = .copied }
  }

  /// Both ends know of the same move, or a new one begins.
  private func begin(_ source: SQLiteSide, _ target: PostgresSide, _ tables: [MoveTable]) throws {
    let (here, there) = (try source.moveID(), try target.moveID())
    if let here, here == there { return try target.setForeignKeysAside() }
    if there == nil, let table = try target.firstWithRows(of: tables) {
      throw MoveError(
        "on the server it holds rows in table \(table) that no move has put there: empty it, or name another server"
      )
    }
    let id = UUID().uuidString
    try target.begin(moveID: id, tables)
    try source.installCapture(tables, moveID: id, until: busy)
  }

  private func copy(
    _ table: MoveTable, from start: PostgresSide.Progress, _ source: SQLiteSide, _ target: PostgresSide,
    _ isStopped: () -> Bool
  ) throws {
    var reached = start
    while !reached.isDone {
      if isStopped() { throw MoveError("the move was stopped") }
      let before = reached
      var chunk = SQLiteSide.Chunk()
      do {
        try target.add(to: table) { put in
          chunk = try source.copyRows(
            of: table, after: before.key, limit: Self.chunkRows, limitBytes: Self.chunkBytes, put)
          reached.key = chunk.lastKey
          reached.rows = before.rows + chunk.count
          reached.isDone = chunk.lastKey == nil
          return reached
        }
      } catch let error as DatabaseError where error.isOfARow {
        try addFitting(table, after: before.key, count: chunk.count, reached, source, target)
      }
      progress.update {
        $0.rows += chunk.count
        $0.bytes += chunk.bytes
      }
    }
  }

  /// A row that was copied may have changed since and be in the way of another: that one is left to the next round.
  private func addFitting(
    _ table: MoveTable, after key: [SQLValue]?, count: Int, _ reached: PostgresSide.Progress,
    _ source: SQLiteSide, _ target: PostgresSide
  ) throws {
    var left: [[SQLValue]] = []
    try target.addFitting(to: table, reached) { add in
      try source.eachRow(of: table, after: key, limit: count) { key, text in
        if try !add(key, text) { left.append(key) }
      }
      // Noted before the progress is: a crash in between notes them once more.
      try source.touch(left, table, until: busy)
    }
  }

  // MARK: Rounds

  /// Carries over what was written meanwhile, until little is left.
  private func catchUp(_ source: SQLiteSide, _ target: PostgresSide, _ tables: [MoveTable]) throws {
    for _ in 0..<Self.roundLimit {
      let pending = try source.touchedCount(tables)
      progress.update { $0.pending = pending }
      try source.forget(try round(source, target, tables), until: busy)
      if pending <= Self.pendingLimit { return }
    }
    throw MoveError(
      "the app writes faster than its rows can follow; try again when it has less to do")
  }

  /// Makes the target what the source is at one moment.
  /// - Parameter atTheEnd: runs in the target's transaction, when it is.
  /// - Returns: what has been carried over, to be forgotten.
  @discardableResult
  private func round(
    _ source: SQLiteSide, _ target: PostgresSide, _ tables: [MoveTable], atTheEnd: () throws -> Void = {}
  ) throws -> [SQLiteSide.Mark] {
    try source.snapshot {
      let marks = try source.marks(tables)
      try target.transaction {
        // All that is in the way goes before anything comes: rows may have exchanged what has to be unique.
        for (table, last) in marks {
          try source.refuseTouchedNulls(table, upTo: last)
          try target.remove(table) { put in try source.touchedKeys(table, upTo: last, put) }
        }
        for (table, last) in marks { try insert(table, last, source, target) }
        try atTheEnd()
      }
      return marks
    }
  }

  private func insert(
    _ table: MoveTable, _ last: Int64, _ source: SQLiteSide, _ target: PostgresSide
  ) throws {
    do {
      try target.insert(into: table) { put in
        try source.touchedRows(table, upTo: last, compared: false, put)
      }
    } catch let error as DatabaseError where error.isOfARow {
      try target.addEach(of: table) { add in try source.eachTouchedRow(table, upTo: last, add) }
      throw error
    }
    var here = RowDigest()
    try source.touchedRows(table, upTo: last, compared: true) { here.add($0) }
    if try target.digestOfRemoved(table) != here {
      throw try MoveDifference.ofTouched(table, upTo: last, source, target)
    }
  }

  // MARK: Verify

  /// Reads all rows of both ends, as they are at one moment.
  /// - Throws: `MoveError` that names the table that is not the same.
  package func verify() throws {
    progress.update { $0.state = .verifying }
    let (source, target) = (try sqlite(), try postgres())
    let tables = try checkedTables(source, target)
    guard let id = try source.moveID(), try target.moveID() == id,
      try tables.allSatisfy({ try target.progress($0).isDone })
    else { throw MoveError("it has not been copied: copy it first") }
    try target.setForeignKeysAside()
    try catchUp(source, target, tables)
    // The app can't break them since: SQLite asks for them too.
    try target.tryForeignKeys(tables)
    for table in tables { try verify(table, source, target) }
    try compareAnswers(source, target, tables)
    progress.update { $0.state = .verified }
  }

  /// Asks both what the app has asked, as of one moment.
  private func compareAnswers(_ source: SQLiteSide, _ target: PostgresSide, _ tables: [MoveTable]) throws {
    guard case .sqlite(let database)? = engines.table.only?.engine else { return }
    var comparison = AnswerComparison(source, target)
    let marks = try source.snapshot {
      let marks = try round(source, target, tables)
      try comparison.ask(database.samples.all)
      return marks
    }
    try source.forget(marks, until: busy)
    let answers = comparison.answers
    progress.update { $0.answers = answers }
    if let error = answers.error(of: name) { throw error }
  }

  /// The snapshot is that of a round, so what is written meanwhile makes no difference.
  private func verify(_ table: MoveTable, _ source: SQLiteSide, _ target: PostgresSide) throws {
    let marks = try source.snapshot {
      let marks = try round(source, target, [table])
      let (here, there) = (try source.digest(table), try target.digest(table))
      if here != there { throw try MoveDifference.find(table, source, target, here.rowCount, there.rowCount) }
      return marks
    }
    try source.forget(marks, until: busy)
  }

  // MARK: Flip

  /// From its return on the database is in PostgreSQL. Verifies first.
  /// - Parameters:
  ///   - engine: of the target.
  ///   - epoch: of the placement that the decision is.
  ///   - decide: puts the decision on disk; from then on every process goes by it.
  package func flip(to engine: PostgresDatabase, epoch: Int, decide: () throws -> Void) throws {
    try verify()
    progress.update { $0.state = .flipping }
    let (source, target) = (try sqlite(), try postgres())
    let tables = try target.tables()
    try catchUp(source, target, tables)
    try fenced(to: .postgres(engine), decide, { self.bury(source, epoch: epoch) }) {
      try round(source, target, tables) {
        try target.raiseHighWater(toMs: try source.highWaterMs())
        try target.restoreForeignKeys()
        try target.installCapture(tables)
      }
    }
    progress.update {
      $0.state = .flipped
      $0.pending = 0
    }
  }

  /// The decision counts whether or not the file can say so; without it, the end of the move says so.
  private func bury(_ source: SQLiteSide, epoch: Int) {
    do { try source.bury(epoch: epoch, until: busy) } catch {
      Log.warning("a file can't say that its database has moved", [("file", path), ("reason", "\(error)")])
    }
  }

  /// Runs `body` while no transaction is under way, then exchanges the engine. Throws, with the engine as it was, when
  /// it takes longer than the fence may stand.
  private func fenced(
    to engine: DatabaseEngine, _ decide: () throws -> Void, _ seal: () -> Void = {}, _ body: () throws -> Void
  ) throws {
    let (begin, before) = (Deadline.afterMs(0), engines.table.parts[0].engines)
    guard before.raise(limitMs: Self.fenceMs, on: loop) else {
      throw MoveError("it is being moved already")
    }
    do {
      guard before.waitUntilDrained(by: .afterMs(Self.fenceMs)) else {
        throw MoveError("a transaction took longer than \(Self.fenceMs) ms; try again")
      }
      try body()
      guard before.decide() else {
        throw MoveError("the last rows took longer than \(Self.fenceMs) ms; try again")
      }
      try decide()
    } catch {
      before.lower()
      throw error
    }
    seal()
    engines.replace(with: EngineTable(name, engine))
    progress.update { $0.pauseMs = begin.elapsedMs }
  }

  // MARK: The way back

  /// From its return on the database is in its file again, with all that was written since.
  package func flipBack(to engine: SQLiteDatabase, decide: () throws -> Void) throws {
    progress.update { $0.state = .returning }
    let (source, target) = (try sqlite(), try postgres())
    let tables = try target.tables()
    try expectCapture(target, tables)
    for _ in 0..<Self.roundLimit {
      let pending = try tables.reduce(0) { $0 + (try target.touchedCount($1)) }
      try roundBack(source, target, tables)
      if pending <= Self.pendingLimit { break }
    }
    try fenced(to: .sqlite(engine), decide) {
      try roundBack(source, target, tables)
      let ms = try target.highWaterMs()
      try source.transaction(until: busy) { try source.raiseHighWater(toMs: ms) }
    }
    progress.update { $0.state = .returned }
  }

  /// - Throws: `MoveError` when the database can't go back.
  package func checkBack() throws {
    let target = try postgres()
    try expectCapture(target, try target.tables())
  }

  private func expectCapture(_ target: PostgresSide, _ tables: [MoveTable]) throws {
    if try target.hasCapture(tables) { return }
    throw MoveError(
      "the move is finished, what was written since is not noted; the way back is a copy")
  }

  private func roundBack(_ source: SQLiteSide, _ target: PostgresSide, _ tables: [MoveTable]) throws {
    try target.snapshot {
      try source.transaction(until: busy) {
        let taken = try tables.map { ($0, try target.takeTouched($0)) }
        for (table, touched) in taken { try source.remove(table, keys: touched.keys) }
        for (table, touched) in taken { try source.insert(into: table, touched.rows) }
      }
    }
  }

  // MARK: Ends of a move

  /// The rows are in PostgreSQL for good: the file stays as it was at the flip.
  /// - Parameter epoch: of a placement that has them there.
  package func finish(epoch: Int) throws {
    let (source, target) = (try sqlite(), try postgres())
    let tables = try target.tables()
    try target.finish(tables)
    if try source.movedEpoch() == nil { try source.bury(epoch: epoch, until: busy) }
    try source.removeCapture(isBack: false, until: busy)
    progress.update { $0.state = .finished }
  }

  /// The rows are in the file, and nothing of the move stays anywhere. Without the server what it has is left to the
  /// next move, which removes it.
  package func abandon() throws {
    let source = try sqlite()
    guard let id = try source.moveID() else { return progress.update { $0.state = .waiting } }
    if let target = try? postgres() {
      let tables = try target.tables()
      if try target.moveID() == id { try target.abandon(tables) }
    }
    try source.removeCapture(isBack: true, until: busy)
    progress.update { $0 = AdminAnswer.MovedDatabase(name: name) }
  }
}
