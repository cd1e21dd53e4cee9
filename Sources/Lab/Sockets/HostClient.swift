// A client of what listens on a host's port.

import Contract
import Glibc

/// Asks a program at an address of this machine, one connection a question.
struct HostClient: Equatable, Sendable {
  let address: String
  let port: Int
  /// What each request of HTTP proves itself with: the value of the header `Authorization`.
  var authorization: String?

  /// Of each question: an engine that hangs must not keep its prober.
  static let limitMs = 1000

  /// A conversation over a new connection; it is connected, or about to be.
  func connect(_ what: String, limitMs: Int = limitMs) throws(LabError) -> Exchange {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
    let socket = Descriptor(Glibc.socket(AF_INET, type, 0))
    let result = LoopbackAddress.with(address, port: port) { Glibc.connect(socket.number, $0, $1) }
    guard result == 0 || errno == EINPROGRESS else { throw .system(attempt: what, code: errno) }
    return Exchange(socket, limitMs: limitMs, what: what)
  }

  func get(_ path: String, limitMs: Int = limitMs) throws(LabError) -> AdminClient.Answer {
    try ask("GET", path, limitMs: limitMs)
  }

  func post(_ path: String, _ body: String, limitMs: Int = limitMs) throws(LabError) -> AdminClient.Answer {
    try ask("POST", path, Array(body.utf8), limitMs: limitMs)
  }

  func put(_ path: String) throws(LabError) -> AdminClient.Answer { try ask("PUT", path) }

  /// The status of GET `path`; nil when there is no answer in time.
  func status(_ path: String, limitMs: Int = limitMs) -> Int? { try? get(path, limitMs: limitMs).status }

  /// Whether an app that listens there does its work. One that does not know `/readyz` (404) does, since it answers.
  func isAppReady() -> Bool { status(AdminPath.ready).map { $0 == 404 || (200..<300).contains($0) } ?? false }

  private func ask(
    _ method: String, _ path: String, _ body: [UInt8] = [], limitMs: Int = limitMs
  ) throws(LabError) -> AdminClient.Answer {
    let exchange = try connect("\(method) http://\(address):\(port)\(path)", limitMs: limitMs)
    return try AdminClient.ask(exchange, method, path, body, authorization: authorization)
  }
}
