// What a store has to be able to do that keeps sessions: SQL, or a table of DynamoDB.

/// A session as a keeper has it.
struct KeptSession: Equatable, Sendable {
  let hash: [UInt8]
  let session: StoredSession
  /// Where it was begun from; nil for one from before that was noted.
  let address: String?
}

/// What a keeper says of a token.
enum SessionState: Equatable, Sendable {
  case live(KeptSession)
  /// It was ended, by whoever had it or by its owner. That is final, whatever another keeper says.
  case ended
  /// The keeper doesn't know it.
  case unknown
}

/// What came of keeping a session.
enum SessionKeeping: Equatable, Sendable {
  /// It is there, or was there already.
  case kept
  /// The account has newer credentials.
  case outdated
  /// It was ended meanwhile.
  case ended
}

/// Some of what a keeper has.
struct SessionPage: Sendable {
  var sessions: [KeptSession] = []
  /// Of accounts whose credentials have changed.
  var credentials: [(account: Identifier, version: Int64)] = []
  /// Where the next page begins; nil when this was the last.
  var next: String?
}

/// A store of sessions, by the hash of their token. Each of its operations may be done twice, and is done, and seen by all,
/// when it returns. `since` tells sessions of different times apart (`Placement.sessionsSince`): those of another are unknown,
/// and replaced. That a session was ended, and the versions of credentials, count for all times.
protocol SessionKeeper: Sendable {
  func find(_ hash: [UInt8], _ shard: Shard, since: Int) async throws -> SessionState

  /// Notes that an account has these credentials, or newer ones.
  /// - Returns: false when it has newer ones.
  func admit(_ account: Identifier, credentials: Int64) async throws -> Bool

  /// Keeps a session that has begun, or comes from another keeper: then the one used later stays.
  ///
  /// - It is not kept when it was ended, or when the account has newer credentials.
  /// - Who calls `endAll` ends it as well, or it is not kept.
  func keep(_ session: KeptSession, since: Int) async throws -> SessionKeeping

  /// Ends a session for good, and whichever copy of it comes later.
  /// - Parameter isKnown: it may be with another keeper. Otherwise nothing is written of a token that is nobody's.
  /// - Returns: whether it was there.
  @discardableResult
  func end(_ hash: [UInt8], _ shard: Shard, isKnown: Bool, nowMs: Int64) async throws -> Bool

  /// Those in use since `usedMs` that were begun after `begunMs`, the latest first, at most `limit`.
  func all(
    of account: Identifier, since: Int, usedAfter usedMs: Int64, begunAfter begunMs: Int64, limit: Int
  ) async throws -> [KeptSession]

  /// Ends those that were begun with credentials before `version`; from now on none such is kept.
  /// - Returns: the hashes of those that have ended.
  func endAll(of account: Identifier, before version: Int64, nowMs: Int64) async throws -> [[UInt8]]

  /// Notes that a session is in use, now or a little later.
  /// - Parameter done: told when it has been noted; not when the session is not there any more.
  func touch(
    _ session: KeptSession, since: Int, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws

  /// Writes at once what `touch` has put off.
  func writeTouches() async

  /// All that it has, page after page.
  func page(from start: String?, since: Int) async throws -> SessionPage

  /// Removes some of those that have ended by themselves, where the store doesn't do that.
  /// - Returns: how many.
  func deleteExpired(olderThan oldestMs: Int64) async throws -> Int
}
