// That sessions are in use, written many at once and behind the answers.

/// Collects for a second, and then writes up to 25 with each request. What can't be written is left: the session is touched
/// again when it is used again.
actor DynamoTouches {
  struct Touch: Sendable {
    let key: DynamoItem
    let touchedAtMs: Int64
    let expires: DynamoValue
    let since: Int
    let done: @Sendable () async -> Void
  }

  private static let collectMs = 1_000
  /// More than a server has logged-in people in a second.
  private static let limit = 10_000

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let table: DynamoTable
  /// By what their key says.
  private var waiting: [String: Touch] = [:]
  private var isWriting = false

  init(_ table: DynamoTable, on loop: EventLoop) { (self.table, self.loop) = (table, loop) }

  func add(_ touch: Touch) {
    guard let name = touch.key["pk"]?.text, waiting.count < Self.limit else { return }
    waiting[name] = touch
    if isWriting { return }
    isWriting = true
    // Nobody's request: it is not due with whoever came first.
    loop.spawn { await self.writeAll() }
  }

  private func writeAll() async {
    defer { isWriting = false }
    while !waiting.isEmpty {
      if (try? await loop.sleep(ms: Self.collectMs)) == nil { return }
      await writeWaiting()
    }
  }

  /// Writes what waits, without collecting any longer.
  func writeWaiting() async {
    let touches = Array(waiting.values)
    waiting = [:]
    for start in stride(from: 0, to: touches.count, by: DynamoTable.writesAtOnce) {
      await write(Array(touches[start..<min(start + DynamoTable.writesAtOnce, touches.count)]))
    }
  }

  /// The condition: neither a mark nor one of another time has that `since`.
  private func write(_ touches: [Touch]) async {
    let parameters: [[DynamoValue]] = touches.map {
      [
        .number($0.touchedAtMs), $0.expires, $0.key["pk"] ?? .other, $0.key["sk"] ?? .other,
        .number(Int64($0.since)),
      ]
    }
    let written = try? await table.run(
      update: "SET touched = ? SET expires = ? WHERE pk = ? AND sk = ? AND since = ?", parameters)
    for (touch, isWritten) in zip(touches, written ?? []) where isWritten { await touch.done() }
  }
}
