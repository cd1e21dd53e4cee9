// Server-sent events: an answer that goes on for as long as both sides want.

/// The client is gone, or too slow to keep up.
public struct StreamClosed: Error {}

/// A stream of events to one client, sent by the task that produces it.
///
/// `@unchecked Sendable` is sound: once it has started, whoever sends, reads or ends is checked to be on its request's
/// loop.
public final class EventStream: @unchecked Sendable {
  /// A client that leaves this much unread is cut off.
  static let bufferLimitBytes = 1 << 20

  private let produce: @Sendable (EventStream) async throws -> Void
  private var buffer: [UInt8] = []
  private var loop: EventLoop?
  private var producer: Task<Void, Never>?
  private(set) var isEnded = false
  /// Called when a reader that found nothing has something to read again, or the end.
  var onReadable: (() -> Void)?

  init(_ produce: @escaping @Sendable (EventStream) async throws -> Void) { self.produce = produce }

  /// Sends one event.
  /// - Parameters:
  ///   - event: its kind; a line break in it becomes a space.
  ///   - data: arrives with each of its line breaks as \n.
  /// - Throws: `StreamClosed` once the client is gone or too far behind.
  public func send(event: String? = nil, data: String) throws {
    var text = event.map { "event: \(EventStream.lines(of: $0).joined(separator: " "))\n" } ?? ""
    for line in EventStream.lines(of: data) { text += "data: \(line)\n" }
    try append(text + "\n")
  }

  /// Sends a comment: it keeps the connection alive, and finds out whether the client is still there.
  public func sendComment(_ text: String = "") throws {
    try append(EventStream.lines(of: text).map { ": \($0)\n" }.joined() + "\n")
  }

  /// Splits where a browser would end a line: at \r\n, \n and \r, and nowhere else.
  private static func lines(of text: String) -> [Substring] {
    if !text.utf8.contains(where: { $0 == 10 || $0 == 13 }) { return [text[...]] }
    return text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r" || $0 == "\r\n" }
  }

  private func append(_ text: String) throws {
    loop?.checkIsolated()
    guard !isEnded, buffer.count < EventStream.bufferLimitBytes else {
      end()
      throw StreamClosed()
    }
    buffer.append(contentsOf: text.utf8)
    onReadable?()
  }

  func start(on loop: EventLoop) {
    loop.checkIsolated()
    self.loop = loop
    producer = Task.detached(executorPreference: loop) {
      try? await self.produce(self)
      self.end()
    }
  }

  /// Ends the stream after what is buffered, and the producer with it.
  func end() {
    loop?.checkIsolated()
    guard !isEnded else { return }
    isEnded = true
    producer?.cancel()
    onReadable?()
  }

  /// Moves what is buffered into `target`; 0 when there is nothing yet.
  func read(into target: UnsafeMutableRawBufferPointer) -> Int {
    loop?.assertIsolated()
    let count = min(buffer.count, target.count)
    target.copyBytes(from: buffer.prefix(count))
    buffer.removeFirst(count)
    return count
  }
}
