// Whether a program that listens on a port does its work.

import Glibc

/// Asks `GET /readyz`. A program that does not know that address (404) is ready since it answers.
struct HTTPProbe: Sendable {
  let address: String
  let port: Int

  /// Returns within a second.
  func isReady() -> Bool {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = Descriptor(Glibc.socket(AF_INET, type, 0))
    let result = LoopbackAddress.with(address, port: port) { connect(socket.number, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else { return false }
    let exchange = Exchange(socket, limitMs: 1000, what: "GET /readyz")
    do throws(LabError) {
      try exchange.write(Array("GET /readyz HTTP/1.0\r\nHost: \(address)\r\n\r\n".utf8))
      let status = try Self.status(exchange)
      return status == 404 || (200..<300).contains(status)
    } catch {
      return false
    }
  }

  private static func status(_ exchange: Exchange) throws(LabError) -> Int {
    var answer: [UInt8] = []
    while answer.count < 12, case let bytes = try exchange.readSome(upTo: 4096), !bytes.isEmpty {
      answer += bytes
    }
    let words = String(decoding: answer.prefix(32), as: UTF8.self).split(separator: " ")
    return words.count > 1 ? Int(words[1].prefix(3)) ?? 0 : 0
  }
}
