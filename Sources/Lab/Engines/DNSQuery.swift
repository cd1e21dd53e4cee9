// A question to a DNS server.

import Glibc

enum DNSQuery {
  /// Asks for the IPv4 address of a name: whether an answer without error comes within half a second.
  static func isAnswered(_ name: String, address: String = "127.0.0.1", port: Int) -> Bool {
    let type = Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue)
    let socket = Descriptor(Glibc.socket(AF_INET, type, 0))
    let isConnected = LoopbackAddress.with(address, port: port) { connect(socket.number, $0, $1) } == 0
    guard socket.isOpen, isConnected else { return false }
    let query = message(name)
    send(socket.number, query, query.count, Int32(MSG_NOSIGNAL))
    var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
    guard poll(&entry, 1, 500) == 1 else { return false }
    var answer = [UInt8](repeating: 0, count: 512)
    let count = recv(socket.number, &answer, answer.count, 0)
    // Same id, a response, no error, at least one answer.
    return count > 12 && answer[0] == query[0] && answer[1] == query[1] && answer[2] & 0x80 != 0
      && answer[3] & 0x0F == 0 && answer[7] > 0
  }

  /// A query for a name's A record (RFC 1035, section 4).
  private static func message(_ name: String) -> [UInt8] {
    let labels = name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    return [0x48, 0x54, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0] + labels + [0, 0, 1, 0, 1]
  }
}
