// What the caches of all processes share.

/// Values in Redis until they are no longer fresh; and who removes one tells all processes.
final class SharedValues: Sendable {
  /// How long after its removal no value of a key is shared that was begun before, in milliseconds: nothing takes longer
  /// to be made.
  private static let markMs = 15_000
  private static let channel = "cache-removed"

  private let redis: SharedRedis
  private let copies: SharedCopies

  init(_ redis: SharedRedis) {
    self.redis = redis
    copies = SharedCopies(redis, prefix: "cache:", markMs: Self.markMs, channel: Self.channel)
  }

  /// - Returns: nil unless there is a fresh one, with how long it stays so.
  func find(_ key: String) async -> (bytes: [UInt8], freshMs: Int)? {
    guard case .copy(let bytes) = await copies.find(Array(key.utf8)),
      let end = bytes.firstIndex(of: UInt8(ascii: " ")),
      let freshUntilMs = Int64(String(decoding: bytes[..<end], as: UTF8.self))
    else { return nil }
    let freshMs = Int(clamping: freshUntilMs - wallClockMs())
    return freshMs > 0 ? (Array(bytes[(end + 1)...]), freshMs) : nil
  }

  /// - Parameter madeAtMs: when its making began, in milliseconds since 1970.
  func keep(_ key: String, _ bytes: [UInt8], madeAtMs: Int64, freshMs: Int) async {
    let head = Array("\(wallClockMs() + Int64(freshMs)) ".utf8)
    await copies.keep(Array(key.utf8), head + bytes, readAtMs: madeAtMs, lifeMs: freshMs)
  }

  func remove(_ key: String) async { await copies.remove([Array(key.utf8)]) }

  /// Has `forget` called with each key that any process removes; with nil when some may have been missed.
  func onRemoval(_ forget: @escaping @Sendable (String?) -> Void) {
    redis.receive(from: Self.channel) { key in forget(key.map { String(decoding: $0, as: UTF8.self) }) }
  }
}
