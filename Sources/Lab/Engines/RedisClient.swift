// What is asked of Redis and its sentinels.

/// One question a connection, in Redis's protocol (RESP 2).
struct RedisClient: Sendable {
  let address: String
  let port: Int
  let password: String?

  /// The lines `name:value` of a section of INFO; nil when it can't be asked.
  func facts(_ section: String) -> [String: String]? {
    guard let text = try? ask(["INFO", section]), text.hasPrefix("$") else { return nil }
    let pairs = text.split(whereSeparator: \.isNewline).compactMap { line -> (String, String)? in
      let parts = line.split(separator: ":", maxSplits: 1)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }
    return Dictionary(pairs) { $1 }
  }

  /// The answer to a command as it comes.
  func ask(_ words: [String]) throws(LabError) -> String {
    let exchange = try HostClient(address: address, port: port).connect("asking Redis on \(address)")
    let commands = (password.map { [["AUTH", $0]] } ?? []) + [words, ["QUIT"]]
    try exchange.write(commands.flatMap { Array(Self.command($0).utf8) })
    // QUIT ends the connection, and with it what there is to read.
    var bytes: [UInt8] = []
    while case let some = try exchange.readSome(upTo: 16 << 10), !some.isEmpty { bytes += some }
    let answer = String(decoding: bytes, as: UTF8.self)
    guard password != nil else { return answer }
    guard answer.hasPrefix("+OK\r\n") else {
      throw .protocolBroken("Redis on \(address) refuses its password")
    }
    return String(answer.dropFirst("+OK\r\n".count))
  }

  private static func command(_ words: [String]) -> String {
    "*\(words.count)\r\n" + words.map { "$\($0.utf8.count)\r\n\($0)\r\n" }.joined()
  }
}
