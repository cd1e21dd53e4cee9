// Whether a PostgreSQL server takes connections.

extension HostClient {
  /// Begins a conversation as far as the server's question for a password: nothing before that needs one. A server that
  /// is starting or ending answers with an error.
  func isPostgresReady() -> Bool {
    let words = "user\0postgres\0database\0postgres\0\0"
    let lengthBytes = 8 + words.utf8.count
    // Protocol 3.0: the length, the version, names and values (PostgreSQL's documentation, 55.7, StartupMessage).
    let message = [0, 0, 0, UInt8(lengthBytes), 0, 3, 0, 0] + Array(words.utf8)
    do throws(LabError) {
      let exchange = try connect("asking PostgreSQL on \(address)")
      try exchange.write(message)
      return try exchange.readSome(upTo: 1) == [UInt8(ascii: "R")]
    } catch {
      return false
    }
  }
}
