// What a loop's connections send at the end of a tick, by one write each.

/// The connections of a loop that have something to send at the end of the tick. Loop thread only.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread.
final class RedisFlushes: @unchecked Sendable {
  let loop: EventLoop
  private var connections: [RedisConnection] = []

  init(_ loop: EventLoop) { self.loop = loop }

  /// Call once, on the loop.
  func start() {
    loop.checkIsolated()
    loop.atEndOfTick(while: { [weak self] in self?.connections.isEmpty == false }) { [weak self] in
      guard let self else { return }
      for connection in connections { connection.flush() }
      connections.removeAll(keepingCapacity: true)
    }
  }

  func add(_ connection: RedisConnection) {
    loop.checkIsolated()
    connections.append(connection)
  }
}
