// The connection of one loop to the Redis that leads.

/// Loop thread only.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread.
final class RedisLoop: @unchecked Sendable {
  let loop: EventLoop
  let flushes: RedisFlushes
  private unowned let redis: SharedRedis
  private var connection: RedisConnection?
  /// The leader's version that the connection goes by.
  private var version = -1

  init(_ redis: SharedRedis, on loop: EventLoop) {
    self.redis = redis
    self.loop = loop
    flushes = RedisFlushes(loop)
  }

  func close() {
    loop.checkIsolated()
    connection?.onClose = nil
    connection?.close()
    connection = nil
    version = -1
  }

  /// - Parameters:
  ///   - limit: until when Redis is to answer, else it has failed.
  ///   - due: when somebody's request is; whom that is too late for says nothing of Redis.
  func commands(
    _ list: [[RedisArgument]], until limit: Deadline, due: Deadline?
  ) async -> [Result<RedisValue, RedisError>] {
    loop.checkIsolated()
    let metrics = redis.metrics
    let connection: RedisConnection
    do { connection = try current() } catch {
      metrics.skipped.add(list.count, ordering: .relaxed)
      return list.map { _ in .failure(error) }
    }
    let (version, start) = (version, loop.lastNow)
    let deadline = due.map { min($0, limit) } ?? limit
    let answers = await connection.commands(list, until: deadline)
    metrics.commands.add(list.count, ordering: .relaxed)
    metrics.microseconds.add(start.microseconds(until: loop.lastNow), ordering: .relaxed)
    for case .failure(let error) in answers { metrics.count(error) }
    redis.note(deadline == limit ? answers : answers.filter { $0 != .failure(.timeout) }, of: version)
    return answers
  }

  /// The connection to whoever leads now.
  private func current() throws(RedisError) -> RedisConnection {
    let leader = try redis.leader()
    if version == leader.version, let connection, connection.isOpen { return connection }
    close()
    let version = leader.version
    redis.metrics.connections.add(1, ordering: .relaxed)
    do {
      let opened = try RedisConnection(
        leader.address, host: leader.host, logIn: redis.logIn, tls: leader.tls, flushes)
      opened.onClose = { [weak redis] in redis?.trip($0, of: version) }
      self.version = version
      connection = opened
      return opened
    } catch {
      redis.trip(error, of: version)
      throw error
    }
  }
}
