// The one way out: results on standard output, progress and errors on standard error.

import Foundation
import Glibc
import Synchronization

/// Where a command's words go. Results are text or JSON; colour appears only on a terminal.
final class Output: Sendable {
  typealias Sink = @Sendable (String) -> Void

  private struct State {
    var transientIsShown = false
    var lastLineAt = ContinuousClock.now
    var lastUpdateAt: ContinuousClock.Instant?
  }

  private let writeResult: Sink
  private let writeProgress: Sink
  /// Whether results may be coloured.
  private let colours: Bool
  /// Whether progress may be overwritten.
  private let isLive: Bool
  private let state = Mutex(State())

  init(result: @escaping Sink, progress: @escaping Sink, colours: Bool = false, isLive: Bool = false) {
    writeResult = result
    writeProgress = progress
    self.colours = colours
    self.isLive = isLive
  }

  static let standard = Output(
    result: { write($0, to: 1) }, progress: { write($0, to: 2) },
    colours: isatty(1) == 1 && getenv("NO_COLOR") == nil && !isDumb, isLive: isatty(2) == 1 && !isDumb)

  private static var isDumb: Bool { getenv("TERM").map { String(cString: $0) == "dumb" } ?? true }

  // MARK: Results

  func result(_ text: String) { writeResult(text + "\n") }

  /// A value as JSON: one line of a stream, or a document for people to read too.
  func json(_ value: some Encodable, isLine: Bool = false) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if !isLine { encoder.outputFormatting.insert(.prettyPrinted) }
    // Reports are plain values: numbers in them are finite, so this does not fail.
    guard let data = try? encoder.encode(value) else { return }
    result(String(decoding: data, as: UTF8.self))
  }

  enum Style: String {
    case bold = "1"
    case good = "32"
    case warning = "33"
    case bad = "31"
    case dim = "2"
  }

  /// The text in a style, where results may be coloured.
  func styled(_ text: String, _ style: Style) -> String {
    colours ? "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m" : text
  }

  // MARK: Progress

  /// A line that stays.
  func progress(_ text: String) {
    state.withLock { state in
      writeProgress(clearing(&state) + text + "\n")
      state.lastLineAt = .now
    }
  }

  /// A line that the next one replaces, ten times a second at most. Where nothing can be replaced, lines that stay, about
  /// one a second.
  func update(_ text: String) {
    state.withLock { state in
      let now = ContinuousClock.now
      let pause: Duration = isLive ? .milliseconds(100) : .milliseconds(900)
      if let last = state.lastUpdateAt, now - last < pause { return }
      state.lastUpdateAt = now
      writeProgress(clearing(&state) + text + (isLive ? "" : "\n"))
      state.transientIsShown = isLive
    }
  }

  /// Removes what `update` shows.
  func endUpdates() { state.withLock { writeProgress(clearing(&$0)) } }

  private func clearing(_ state: inout State) -> String {
    defer { state.transientIsShown = false }
    return state.transientIsShown ? "\r\u{1b}[K" : ""
  }

  /// Shows, on a terminal, for how long nothing has been said while `body` works.
  func whileWorking<T>(_ body: () async throws -> T) async rethrows -> T {
    guard isLive else { return try await body() }
    let ticker = Task.detached { [self] in
      while (try? await Task.sleep(for: .seconds(1))) != nil {
        let seconds = state.withLock { ContinuousClock.now - $0.lastLineAt }.components.seconds
        if seconds > 0, !Task.isCancelled { update("  … \(seconds) s") }
      }
    }
    defer {
      ticker.cancel()
      endUpdates()
    }
    return try await body()
  }

  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      // Whoever reads may have left: then there is nobody to tell.
      if count < 0, errno != EINTR { return }
      rest = rest.dropFirst(max(count, 0))
    }
  }
}
