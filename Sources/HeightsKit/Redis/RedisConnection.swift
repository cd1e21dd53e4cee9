// A connection to one Redis server: commands in a row, answers in the same order.

import CHiredis
import Glibc

/// hiredis connects and speaks the protocol; the loop's poller says when. Loop thread only.
///
/// What is asked in one tick is sent by one write. hiredis' own asynchronous layer is not used: it ends the process when
/// an answer is not what it expects, and knows neither deadlines nor (in Debian's version) TLS.
///
/// `@unchecked Sendable` is sound: every entry is checked to be on the loop's thread. Those of every command are in debug
/// builds only (`assertIsolated`).
final class RedisConnection: @unchecked Sendable {
  /// A server that says nothing for so long, while it is asked, counts as hung.
  static let silenceMs = 1_000
  /// Commands that may wait for their answers.
  static let pendingLimit = 10_000
  /// Memory for output that is kept for the next.
  private static let keptBytes = 64 << 10

  private struct Pending {
    /// Takes the answer; nil when nobody waits any more.
    var take: ((Result<RedisValue, RedisError>) -> Void)?
    let sentAt: Deadline
    let deadline: Deadline
  }

  let address: ServerAddress
  /// What the server says that is no answer: messages of channels.
  var onMessage: (([RedisValue]) -> Void)?
  /// Called once, when it has failed or was closed.
  var onClose: ((RedisError) -> Void)?
  private let loop: EventLoop
  private let flushes: RedisFlushes
  private var context: UnsafeMutablePointer<redisContext>?
  private var stream: (any ByteStream)?
  private var watch: Watch?
  /// What has not been written yet, from `written` on.
  private var output: [UInt8] = []
  private var written = 0
  /// Whether the socket has to be ready before more is written.
  private var isBlocked = false
  private var timer: (timer: Timer, due: Deadline)?
  private var pending: [Pending] = []
  private var first = 0
  /// Whether the server has been reached, and then whether bytes may be exchanged.
  private var isReached = false
  private var isConnected = false
  private var flushIsDue = false
  private var lastReceived: Deadline

  /// Begins to connect. Commands may be sent at once.
  /// - Parameters:
  ///   - host: the server's address in numbers.
  ///   - logIn: what is sent before anything else, if there is a password.
  ///   - tls: whom to believe; nil for a connection without TLS.
  /// - Throws: `RedisError.away`.
  init(
    _ address: ServerAddress, host: String, logIn: [RedisArgument]?, tls: TLSClient?, _ flushes: RedisFlushes
  ) throws(RedisError) {
    loop = flushes.loop
    loop.checkIsolated()
    (self.address, self.flushes) = (address, flushes)
    lastReceived = loop.readClock()
    guard let context = redisConnectNonBlock(host, Int32(address.port)) else {
      throw .away("no memory for a connection")
    }
    self.context = context
    guard context.pointee.err == 0 else { throw close(Self.error(context)) }
    let descriptor = context.pointee.fd
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    do throws(StreamFailure) {
      stream =
        if let tls { try TLSStream(descriptor, name: address.host, tls) } else { PlainStream(descriptor) }
    } catch { throw close(.away("\(error)")) }
    do {
      watch = try loop.watch(descriptor, [.readable, .writable]) { [weak self] in self?.ready($0) }
    } catch { throw close(.away("\(error)")) }
    if let logIn { ask(logIn, until: .afterMs(Self.silenceMs), nil) }
  }

  deinit {
    watch?.cancel()
    if let context { redisFree(context) }
  }

  var isOpen: Bool {
    loop.assertIsolated()
    return context != nil
  }

  /// Commands that are not answered, also those that nobody waits for any more.
  var pendingCount: Int {
    loop.assertIsolated()
    return pending.count - first
  }

  // MARK: Asking

  /// Sends a command with what else is sent in this tick, and waits for its answer.
  /// - Throws: `RedisError`.
  func command(_ arguments: [RedisArgument], until deadline: Deadline) async throws(RedisError) -> RedisValue
  {
    loop.assertIsolated()
    return try await commands([arguments], until: deadline)[0].get()
  }

  /// Sends several commands, and waits for all their answers, which come in the same order.
  func commands(_ list: [[RedisArgument]], until deadline: Deadline) async -> [Result<RedisValue, RedisError>]
  {
    loop.checkIsolated()
    if list.isEmpty { return [] }
    guard isOpen else { return list.map { _ in .failure(.away("the connection to \(address) is closed")) } }
    guard pendingCount + list.count <= Self.pendingLimit else { return list.map { _ in .failure(.tooMany) } }
    // A continuation that nobody resumes any more when the loop has ended.
    return await withUnsafeContinuation { continuation in
      var answers: [Result<RedisValue, RedisError>] = []
      for arguments in list {
        ask(arguments, until: deadline) { answer in
          answers.append(answer)
          if answers.count == list.count { continuation.resume(returning: answers) }
        }
      }
    }
  }

  /// Sends a command whose answer is for `onMessage`.
  func subscribe(to channels: [String]) {
    loop.checkIsolated()
    append([RedisArgument("SUBSCRIBE")] + channels.map { RedisArgument($0) })
    flush()
  }

  /// Sends a command with what else is sent in this tick. `take` is called once with its answer, or with an error. Not for
  /// a connection that is closed.
  func ask(
    _ arguments: [RedisArgument], until deadline: Deadline,
    _ take: ((Result<RedisValue, RedisError>) -> Void)?
  ) {
    loop.assertIsolated()
    pending.append(Pending(take: take, sentAt: loop.lastNow, deadline: deadline))
    append(arguments)
    arm(for: min(deadline, loop.lastNow.plus(ms: Self.silenceMs)))
    if !flushIsDue { flushes.add(self) }
    flushIsDue = true
  }

  private func append(_ arguments: [RedisArgument]) {
    guard isOpen else { return }
    let lengths = arguments.map(\.bytes.count)
    let flat = arguments.flatMap(\.bytes)
    flat.withUnsafeBytes { bytes in
      var next = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
      var starts: [UnsafePointer<CChar>?] = lengths.map { length in
        defer { next = next.map { $0 + length } }
        return next
      }
      var command: UnsafeMutablePointer<CChar>?
      let count = redisFormatCommandArgv(&command, Int32(lengths.count), &starts, lengths)
      guard count >= 0, let command else { return _ = close(.away("no memory for a command")) }
      output.append(contentsOf: UnsafeRawBufferPointer(start: command, count: Int(count)))
      redisFreeCommand(command)
    }
  }

  /// Sends what is waiting to be sent, as far as the socket takes it.
  func flush() {
    loop.assertIsolated()
    flushIsDue = false
    guard isConnected, let stream else { return }
    isBlocked = false
    while written < output.count {
      switch output.withUnsafeBytes({ stream.write(UnsafeRawBufferPointer(rebasing: $0[written...])) }) {
      case .moved(let count): written += count
      case .waits(let events):
        if written > Self.keptBytes {
          output.removeFirst(written)
          written = 0
        }
        isBlocked = true
        return watch?.update(events.union(.readable)) ?? ()
      case .failed(let failure): return _ = close(.away("\(failure)"))
      }
    }
    output.removeAll(keepingCapacity: output.capacity <= Self.keptBytes)
    written = 0
    watch?.update(.readable)
  }

  // MARK: Answers

  private func ready(_ events: IOEvents) {
    if !isConnected { finishConnecting() } else if isBlocked { flush() }
    if isConnected, !events.isDisjoint(with: [.readable, .hangUp]) { receive() }
  }

  private func finishConnecting() {
    guard let context, let stream else { return }
    if !isReached {
      var (code, size) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
      getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &code, &size)
      if code != 0 { return _ = close(.away("\(address): \(SystemError(call: "connect", code: code))")) }
      isReached = true
    }
    switch stream.open() {
    case .moved:
      isConnected = true
      flush()
    case .waits(let events): watch?.update(events)
    case .failed(let failure): close(.away("\(failure)"))
    }
  }

  private func receive() {
    guard let context, let stream else { return }
    lastReceived = loop.lastNow
    let transfer = withUnsafeTemporaryAllocation(byteCount: PlainStream.recordBytes, alignment: 1) { room in
      let transfer = stream.read(into: room)
      if case .moved(let count) = transfer {
        redisReaderFeed(context.pointee.reader, room.baseAddress, count)
      }
      return transfer
    }
    switch transfer {
    case .moved: takeAll()
    // A read that has to write first is one that we forbid (renegotiation), or nothing that Redis does.
    case .waits(let events): if events == .writable { close(.away("\(address) wants new keys")) }
    case .failed(let failure): close(.away("\(failure)"))
    }
  }

  private func takeAll() {
    while let context {
      var reply: UnsafeMutableRawPointer?
      guard redisGetReplyFromReader(context, &reply) == REDIS_OK else {
        return _ = close(Self.error(context))
      }
      guard let reply else { return }
      let value = RedisValue(reply.assumingMemoryBound(to: redisReply.self).pointee)
      freeReplyObject(reply)
      take(value)
    }
  }

  private func take(_ value: RedisValue) {
    guard first < pending.count else {
      guard let onMessage, case .list(let parts) = value else {
        return _ = close(.away("\(address) answered what was not asked"))
      }
      return onMessage(parts)
    }
    let taker = pending[first].take
    first += 1
    if first == pending.count {
      pending.removeAll(keepingCapacity: true)
      first = 0
    } else if first >= 1_024 {
      pending.removeFirst(first)
      first = 0
    }
    guard case .error(let reason) = value else { return taker?(.success(value)) ?? () }
    taker?(.failure(.refused(reason)))
    if RedisError.refused(reason).isOfLeader { close(.refused(reason)) }
  }

  // MARK: Time and end

  private func arm(for due: Deadline) {
    if let timer, timer.due <= due { return }
    timer?.timer.cancel()
    timer = (loop.schedule(at: due) { [weak self] in self?.timerFired() }, due)
  }

  private func timerFired() {
    timer = nil
    guard isOpen, first < pending.count else { return }
    let (now, sentAt) = (loop.readClock(), pending[first].sentAt)
    var next = max(sentAt, lastReceived).plus(ms: Self.silenceMs)
    if next <= now { return _ = close(.away("\(address) said nothing for \(Self.silenceMs) ms")) }
    for index in first..<pending.count where pending[index].take != nil {
      if pending[index].deadline <= now {
        pending[index].take?(.failure(.timeout))
        pending[index].take = nil
      } else {
        next = min(next, pending[index].deadline)
      }
    }
    arm(for: next)
  }

  /// Gives the connection up and tells everybody who waits. Does nothing when it is closed.
  @discardableResult
  func close(_ error: RedisError = .away("the connection was closed")) -> RedisError {
    loop.assertIsolated()
    guard let context else { return error }
    self.context = nil
    watch?.cancel()
    watch = nil
    stream = nil
    redisFree(context)
    (output, written) = ([], 0)
    timer?.timer.cancel()
    timer = nil
    let waiting = pending[first...]
    (pending, first) = ([], 0)
    for one in waiting { one.take?(.failure(error)) }
    onClose?(error)
    onClose = nil
    onMessage = nil
    return error
  }

  /// hiredis' words name no password.
  private static func error(_ context: UnsafeMutablePointer<redisContext>) -> RedisError {
    let text = withUnsafeBytes(of: context.pointee.errstr) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return .away(text)
  }
}
