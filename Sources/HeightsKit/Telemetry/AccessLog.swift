// One line of JSON for each request, gathered by a loop and written once a tick.

import Glibc

/// A loop's access log. Loop thread only.
///
/// A line is mostly the same text each time, so it is put together from pieces that are JSON already: the time of the
/// tick, and method and pattern of the route.
final class AccessLog {
  private var lines: [UInt8] = []
  private var beginning: [UInt8] = []
  private let routes: [[UInt8]]
  private let descriptor: Int32

  init(loop: EventLoop, routes: [Router.Route], descriptor: Int32) {
    self.descriptor = descriptor
    self.routes = routes.map { route in
      var json = JSONWriter()
      json.string(route.pattern)
      return json.bytes
    }
    lines.reserveCapacity(64 << 10)
    loop.atEndOfTick { [self] in flush() }
  }

  func record(_ exchange: Exchange, microseconds: Int) {
    if lines.isEmpty { beginning = Array(#"{"time":"\#(LogTime.text())","method":""#.utf8) }
    lines.append(contentsOf: beginning)
    append(exchange.isOfOtherMethod ? "other" : exchange.method.name)
    append(#"","path":"#)
    appendJSON(exchange.path)
    if let route = exchange.route {
      append(#","route":"#)
      lines.append(contentsOf: routes[route])
    }
    append(#","status":"#)
    append(exchange.status.code)
    append(#","microseconds":"#)
    append(microseconds)
    append(#","bytes":"#)
    append(AccessLog.bodyBytes(exchange))
    append(#","request":""#)
    append(exchange.id)  // letters, digits, dashes and underscores
    append(#"","trace":""#)
    append(hexadecimal: exchange.trace.traceHigh)
    append(hexadecimal: exchange.trace.traceLow)
    append("\"}\n")
  }

  /// What these answers tell is the length that the body would have; they have none.
  private static func bodyBytes(_ exchange: Exchange) -> Int {
    exchange.method == .head || exchange.status == .notModified ? 0 : exchange.sentBytes
  }

  private func flush() {
    guard !lines.isEmpty else { return }
    writeAll(lines, to: descriptor)
    lines.removeAll(keepingCapacity: true)
  }

  // MARK: Pieces

  private func append(_ text: StaticString) {
    lines.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private func append(_ text: String) {
    var text = text
    text.withUTF8 { lines.append(contentsOf: $0) }
  }

  private func append(_ number: Int) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
      var (rest, start) = (number.magnitude, 20)
      repeat {
        start -= 1
        digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      } while rest > 0
      lines.append(contentsOf: UnsafeBufferPointer(rebasing: digits[start...]))
    }
  }

  private func append(hexadecimal number: UInt64) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digits in
      for index in 0..<16 {
        let four = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * index)) & 15
        digits[index] = four < 10 ? UInt8(ascii: "0") + four : UInt8(ascii: "a") + four - 10
      }
      lines.append(contentsOf: UnsafeBufferPointer(digits))
    }
  }

  private func appendJSON(_ text: String) {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }
    guard isPlain else {
      var json = JSONWriter()
      json.string(text)
      return lines.append(contentsOf: json.bytes)
    }
    append(#"""#)
    append(text)
    append(#"""#)
  }
}
