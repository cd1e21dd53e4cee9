// Asks the sentinels who leads. A majority of them decides: no single one is believed.

/// The sentinels of a cache, with a connection to each. Loop thread only.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread.
final class RedisSentinels: @unchecked Sendable {
  private let addresses: [ServerAddress]
  private let name: String
  private let flushes: RedisFlushes
  private var connections: [ServerAddress: RedisConnection] = [:]

  /// - Parameter name: by which they know the cache.
  init(_ addresses: [ServerAddress], name: String, _ flushes: RedisFlushes) {
    (self.addresses, self.name, self.flushes) = (addresses, name, flushes)
  }

  func close() {
    flushes.loop.checkIsolated()
    for connection in connections.values { connection.close() }
    connections = [:]
  }

  /// Whom more than half of all sentinels name, be they reached or not. All are asked at once.
  /// - Parameters:
  ///   - logIn: what is sent to each first, if they ask for a password.
  ///   - ms: how long they may take.
  func leader(_ logIn: [RedisArgument]?, ms: Int = RedisSeeker.answerMs) async throws(RedisError)
    -> ServerAddress
  {
    flushes.loop.checkIsolated()
    let majority = addresses.count / 2 + 1
    let asked = await connect(logIn)
    if asked.count < majority { throw .away("\(asked.count) of \(addresses.count) sentinels are reached") }
    let leader = await ask(asked, majority, ms: ms)
    // One that hangs is asked anew over another connection.
    for (address, connection) in connections where !connection.isOpen { connections[address] = nil }
    guard let leader else {
      throw .away("no majority of the \(addresses.count) sentinels names one leader of '\(name)'")
    }
    return leader
  }

  private func connect(_ logIn: [RedisArgument]?) async -> [RedisConnection] {
    for address in addresses where connections[address]?.isOpen != true {
      guard let host = await HostName.numeric(address.host) else { continue }
      connections[address] = try? RedisConnection(address, host: host, logIn: logIn, tls: nil, flushes)
    }
    return addresses.compactMap { connections[$0] }.filter(\.isOpen)
  }

  /// Whom `majority` of them name; nil when that can't be any more. Who is slow is waited for only as long as it matters.
  private func ask(_ asked: [RedisConnection], _ majority: Int, ms: Int) async -> ServerAddress? {
    let question: [RedisArgument] = ["SENTINEL", "get-master-addr-by-name", RedisArgument(name)]
    return await withUnsafeContinuation { continuation in
      var votes: [ServerAddress: Int] = [:]
      var waiting = asked.count
      var isDecided = false
      for connection in asked {
        connection.ask(question, until: .afterMs(ms)) { answer in
          if isDecided { return }
          waiting -= 1
          if let named = Self.address(answer) { votes[named, default: 0] += 1 }
          let most = votes.max { $0.value < $1.value }
          if let most, most.value >= majority {
            isDecided = true
            continuation.resume(returning: most.key)
          } else if waiting + (most?.value ?? 0) < majority {
            isDecided = true
            continuation.resume(returning: nil)
          }
        }
      }
    }
  }

  private static func address(_ answer: Result<RedisValue, RedisError>) -> ServerAddress? {
    guard case .success(let value) = answer else { return nil }
    let parts = value.list.compactMap(\.text)
    return parts.count == 2 ? ServerAddress("\(parts[0]):\(parts[1])") : nil
  }
}
