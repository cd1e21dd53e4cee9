// The way to the lab's DNS from outside of its network: gdnsd takes no sockets that others have opened.

import CRuntime
import Foundation
import Synchronization

/// Carries questions and answers between a door and the DNS server at the same address inside. Both ways are bounded: what
/// is too much is dropped, as DNS allows.
final class DNSRelay: Sendable {
  private static let maximumQuestions = 128
  private static let maximumConnections = 16
  private static let answerLimitMs = 2_000
  /// Of a connection: who says little and slowly holds a place no longer.
  private static let connectionLimitMs = 5_000
  /// Of a datagram (RFC 6891 lets it be that long).
  private static let bufferBytes = 65_535

  private let address: String
  private let port: Int
  private let datagrams: Descriptor
  private let streams: Descriptor
  private let connections = Mutex(0)

  /// Opens the doors.
  /// - Throws: where one is taken.
  init(address: String, port: Int) throws(LabError) {
    (self.address, self.port) = (address, port)
    datagrams = try Door(type: SOCK_DGRAM, address: address, port: port).open()
    streams = try Door(address: address, port: port, backlog: Self.maximumConnections).open()
  }

  func start() { for body in [relayDatagrams, acceptStreams] { _ = LongThread(name: "dns relay", body) } }

  // MARK: Datagrams

  private struct Question {
    let socket: Descriptor
    let asker: sockaddr_in
    let endMs: Int
  }

  @Sendable private func relayDatagrams() {
    var questions: [Question] = []
    var buffer = [UInt8](repeating: 0, count: Self.bufferBytes)
    while true {
      var polls = ([datagrams] + questions.map(\.socket)).map {
        pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0)
      }
      poll(&polls, nfds_t(polls.count), questions.isEmpty ? -1 : Int32(Self.answerLimitMs))
      for (question, entry) in zip(questions, polls.dropFirst(1)) where entry.revents != 0 {
        answer(question, &buffer)
      }
      let answered = zip(questions, polls.dropFirst(1)).map { $1.revents != 0 }
      questions = zip(questions, answered).filter { !$1 && $0.endMs > Clock.nowMs }.map(\.0)
      if polls[0].revents != 0 { ask(&questions, &buffer) }
    }
  }

  private func ask(_ questions: inout [Question], _ buffer: inout [UInt8]) {
    var asker = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let count = withUnsafeMutablePointer(to: &asker) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        recvfrom(datagrams.number, &buffer, buffer.count, 0, $0, &length)
      }
    }
    guard count > 0, questions.count < Self.maximumQuestions, let socket = connected(SOCK_DGRAM) else {
      return
    }
    send(socket.number, buffer, count, Int32(MSG_NOSIGNAL))
    questions.append(Question(socket: socket, asker: asker, endMs: Clock.nowMs + Self.answerLimitMs))
  }

  private func answer(_ question: Question, _ buffer: inout [UInt8]) {
    let count = recv(question.socket.number, &buffer, buffer.count, 0)
    if count <= 0 { return }
    var asker = question.asker
    _ = withUnsafePointer(to: &asker) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        sendto(datagrams.number, buffer, count, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  // MARK: Streams

  @Sendable private func acceptStreams() {
    while true {
      var entry = pollfd(fd: streams.number, events: Int16(POLLIN), revents: 0)
      poll(&entry, 1, -1)
      let outer = Descriptor(heights_accept(streams.number, nil, nil))
      guard outer.isOpen else { usleep(5000); continue }
      let isRoom = connections.withLock { count in
        if count < Self.maximumConnections { count += 1; return true }
        return false
      }
      guard isRoom else { continue }
      _ = LongThread(name: "dns stream") { [self] in
        if let inner = connected(SOCK_STREAM) { Self.carry(outer, inner) }
        connections.withLock { $0 -= 1 }
      }
    }
  }

  /// Until either ends, or its time is over.
  private static func carry(_ outer: Descriptor, _ inner: Descriptor) {
    var buffer = [UInt8](repeating: 0, count: bufferBytes)
    for end in [outer, inner] {
      _ = fcntl(end.number, F_SETFL, fcntl(end.number, F_GETFL) & ~O_NONBLOCK)
      limitSending(end)
    }
    let endMs = Clock.nowMs + connectionLimitMs
    while true {
      var polls = [outer, inner].map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
      guard poll(&polls, 2, Int32(max(0, endMs - Clock.nowMs))) > 0 else { return }
      for (index, ends) in [(outer, inner), (inner, outer)].enumerated() where polls[index].revents != 0 {
        let count = recv(ends.0.number, &buffer, buffer.count, 0)
        guard count > 0, send(ends.1.number, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
      }
    }
  }

  /// A second without an answer: who asks tries again.
  private static func limitSending(_ socket: Descriptor) {
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(socket.number, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  private func connected(_ type: __socket_type) -> Descriptor? {
    let socket = Descriptor(Glibc.socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0))
    Self.limitSending(socket)
    let result = LoopbackAddress.with(address, port: port) { connect(socket.number, $0, $1) }
    return result == 0 ? socket : nil
  }
}
