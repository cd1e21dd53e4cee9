// What a pipelined connection has asked and not been answered, in order.

/// A queue of questions.
struct PendingAnswers {
  typealias Continuation = CheckedContinuation<PostgresResult, any Error>

  enum Question {
    case query(SQL, statement: String, Continuation)
    case prepare(String)
    /// A statement of ours whose result nobody waits for.
    case command
    /// Where the server's log ends, asked after the statements before it.
    case position(EndOfLog)
    case sync
  }

  private var questions: [(question: Question, deadline: Deadline)] = []
  private var head = 0

  var isEmpty: Bool { head == questions.count }
  var nextDeadline: Deadline? { isEmpty ? nil : questions[head].deadline }

  mutating func append(_ question: Question, deadline: Deadline) {
    questions.append((question, deadline))
  }

  mutating func popFirst() -> Question? {
    guard !isEmpty else { return nil }
    let first = questions[head].question
    head += 1
    if head == questions.count {
      questions.removeAll(keepingCapacity: true)
      head = 0
    } else if head >= 1_024 {
      // Moves what is left once in a while, so that it does not grow while it never empties.
      questions.removeFirst(head)
      head = 0
    }
    return first
  }

  mutating func failAll(_ error: DatabaseError) {
    let rest = questions[head...]
    questions = []
    head = 0
    for (question, _) in rest {
      switch question {
      case .query(_, _, let continuation): continuation.resume(throwing: error)
      case .position(let end): end.set(.failure(error))
      case .prepare, .command, .sync: break
      }
    }
  }
}

/// Where the log of a server ends, once it has told. Loop thread only.
final class EndOfLog {
  static let question: SQL = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"

  private var result: Result<LogPosition, any Error>?
  private var waiters: [CheckedContinuation<LogPosition, any Error>] = []

  func set(_ result: Result<LogPosition, any Error>) {
    self.result = result
    for waiter in waiters { waiter.resume(with: result) }
    waiters = []
  }

  var position: LogPosition {
    get async throws {
      if let result { return try result.get() }
      return try await withCheckedThrowingContinuation { waiters.append($0) }
    }
  }
}

/// The prepared statements of one connection, bounded.
struct PostgresStatements {
  private struct Key: Hashable {
    let shape: SQLShape
    let types: [UInt32]
  }

  private struct Entry {
    let name: String
    var lastUse: Int
  }

  static let limit = 256

  private var entries: [Key: Entry] = [:]
  private var keys: [String: Key] = [:]
  private var failed: (name: String, error: DatabaseError)?
  private var uses = 0

  /// The name of a statement. `isNew`: it has to be prepared; `evicted`: this one has to be let go first.
  mutating func name(of sql: SQL, types: [UInt32]) -> (name: String, isNew: Bool, evicted: String?) {
    let key = Key(shape: SQLShape(sql), types: types)
    uses += 1
    if let found = entries[key] {
      entries[key]?.lastUse = uses
      return (found.name, false, nil)
    }
    let evicted =
      entries.count >= Self.limit ? entries.min { $0.value.lastUse < $1.value.lastUse }?.value.name : nil
    if let evicted { forget(evicted) }
    let name = "h\(uses)"
    let kept = Key(shape: key.shape.stripped, types: types)
    entries[kept] = Entry(name: name, lastUse: uses)
    keys[name] = kept
    return (name, true, evicted)
  }

  /// It was not prepared after all.
  mutating func forget(_ name: String) {
    if let key = keys.removeValue(forKey: name) { entries[key] = nil }
  }

  mutating func fail(_ name: String, _ error: DatabaseError) {
    forget(name)
    failed = (name, error)
  }

  /// Why the statement of that name could not be prepared, told to the one who asked for it.
  mutating func error(ofPreparing name: String, _ sql: SQL) -> DatabaseError? {
    guard let failed, failed.name == name else { return nil }
    self.failed = nil
    if case .invalid(_, let message) = failed.error {
      return .invalid(sql: sql.description, message: message)
    }
    return failed.error
  }
}
