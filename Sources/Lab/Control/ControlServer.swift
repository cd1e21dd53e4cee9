// The running lab's side of the control socket.

import Foundation
import Glibc
import Synchronization

/// Answers requests on the control socket until stopped. Only the owner of the folder (and root) can connect.
final class ControlServer: Sendable {
  typealias Answer =
    @Sendable (ControlRequest, _ progress: @escaping @Sendable (String) -> Void) throws(LabError)
    -> LabSnapshot

  static let maximumConnections = 16
  private static let requestLimitMs = 5000

  private let socket: Descriptor
  private let wakeup = Wakeup()
  private let answer: Answer
  private let open = Mutex(0)

  init(_ address: UnixAddress, answer: @escaping Answer) throws(LabError) {
    socket = try address.listen(backlog: 64)
    self.answer = answer
  }

  /// Starts answering; `join` on the result returns after `stop`.
  func start() -> LongThread { LongThread(name: "control") { self.accept() } }

  func stop() { wakeup.ring() }

  private func accept() {
    while true {
      var polls = [socket, wakeup.descriptor].map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
      poll(&polls, 2, -1)
      if polls[1].revents != 0 { return waitForConversations() }
      let connection = Descriptor(Glibc.accept(socket.number, nil, nil))
      guard connection.isOpen, fcntl(connection.number, F_SETFL, O_NONBLOCK) == 0 else {
        // Without a free descriptor the connection stays in the queue, and asking again at once would not help.
        usleep(5000)
        continue
      }
      begin(connection)
    }
  }

  /// Those who wait for the end of the lab hear of it before it is gone; at most a second is given to them.
  private func waitForConversations() {
    let endMs = Clock.nowMs + 1000
    while open.withLock({ $0 }) > 0, Clock.nowMs < endMs { usleep(5000) }
  }

  private func begin(_ connection: Descriptor) {
    let exchange = Exchange(connection, limitMs: Self.requestLimitMs, what: "reading a request")
    let isRoom = open.withLock { count in
      count += 1
      return count <= Self.maximumConnections
    }
    guard isRoom else {
      open.withLock { $0 -= 1 }
      return Self.fail(.busy(operation: "too much"), exchange)
    }
    _ = LongThread(name: "control call") {
      self.converse(exchange)
      self.open.withLock { $0 -= 1 }
    }
  }

  private func converse(_ exchange: Exchange) {
    do {
      let request = try Self.readRequest(exchange)
      let snapshot = try answer(request) { text in
        let line = Exchange(exchange.socket, limitMs: 1000, what: "telling progress")
        // Whoever asked may have left; the work goes on.
        try? ControlLine.write(ControlReply.progress(text), to: line)
      }
      let line = Exchange(exchange.socket, limitMs: 5000, what: "answering")
      try ControlLine.write(ControlReply.done(snapshot), to: line)
    } catch {
      Self.fail(error, exchange)
    }
  }

  private static func readRequest(_ exchange: Exchange) throws(LabError) -> ControlRequest {
    var pending: [UInt8] = []
    let limit = ControlLine.maximumRequestBytes
    let line = try ControlLine.read(from: exchange, pending: &pending, limitBytes: limit)
    do {
      return try JSONDecoder().decode(ControlRequest.self, from: Data(line))
    } catch let error as LabError {
      throw error
    } catch {
      throw .protocolBroken("not a request: " + String(decoding: line.prefix(80), as: UTF8.self))
    }
  }

  private static func fail(_ error: LabError, _ exchange: Exchange) {
    let line = Exchange(exchange.socket, limitMs: 1000, what: "answering")
    try? ControlLine.write(ControlReply.failed(error), to: line)
  }
}
