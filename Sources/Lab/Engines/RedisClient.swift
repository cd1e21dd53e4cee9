// What is asked of Redis and its sentinels.

/// One question a connection, in Redis's protocol (RESP 2).
struct RedisClient: Sendable {
  let address: String
  let port: Int
  let password: String

  /// The lines `name:value` of a section of INFO; nil when it can't be asked.
  func facts(_ section: String) -> [String: String]? {
    guard let text = try? ask(["INFO", section]) else { return nil }
    let pairs = text.split(whereSeparator: \.isNewline).compactMap { line -> (String, String)? in
      let parts = line.split(separator: ":", maxSplits: 1)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
    return Dictionary(pairs) { $1 }
  }

  /// The text that a command is answered with. Throws for an error, and for an answer that is no text.
  func ask(_ words: [String]) throws(LabError) -> String {
    let exchange = try HostClient(address: address, port: port).connect("asking Redis on \(address)")
    let commands = [["AUTH", password], words]
    try exchange.write(commands.flatMap { Array(Self.command($0).utf8) })
    var bytes: [UInt8] = []
    var answer = ""
    for _ in commands { answer = try Self.text(exchange, &bytes) }
    return answer
  }

  static func command(_ words: [String]) -> String {
    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }

  /// The next answer; `pending` keeps what came after it.
  private static func text(_ exchange: Exchange, _ pending: inout [UInt8]) throws(LabError) -> String {
    let line = try take(lineFrom: exchange, &pending)
    switch line.first {
    case "+": return String(line.dropFirst())
    case "$":
      guard let count = Int(line.dropFirst()), count >= 0 else { break }
      try fill(&pending, to: count + 2, from: exchange)
      defer { pending.removeFirst(count + 2) }
      return String(decoding: pending.prefix(count), as: UTF8.self)
    default: break
    }
    throw .protocolBroken("Redis answered \(line.prefix(80))")
  }

  private static func take(lineFrom exchange: Exchange, _ pending: inout [UInt8]) throws(LabError) -> String {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        defer { pending.removeFirst(end + 1) }
        return String(decoding: pending[..<max(0, end - 1)], as: UTF8.self)
      }
      try fill(&pending, to: pending.count + 1, from: exchange)
    }
  }

  private static func fill(
    _ pending: inout [UInt8], to count: Int, from exchange: Exchange
  ) throws(LabError) {
    while pending.count < count {
      let some = try exchange.readSome(upTo: 16 << 10)
      if some.isEmpty { throw .protocolBroken("Redis ended the connection") }
      pending += some
    }
  }
}
