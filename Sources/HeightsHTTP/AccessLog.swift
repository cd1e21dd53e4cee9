// One line of JSON for each request, gathered by a loop and written once a tick.

import Glibc

/// A loop's access log. Loop thread only.
///
/// A line is mostly the same text each time, so it is put together from pieces that are JSON already: the time of the
/// tick, and method and pattern of the route.
final class AccessLog {
  private var lines = ByteBuffer(capacity: 64 << 10)
  private var beginning: [UInt8] = []
  private let routes: [[UInt8]]
  private let descriptor: Int32

  init(loop: EventLoop, routes: [Router.Route], descriptor: Int32) {
    self.descriptor = descriptor
    self.routes = routes.map { JSONWriter.bytes(of: $0.pattern) }
    loop.atEndOfTick(while: { [self] in !lines.isEmpty }) { [self] in flush() }
  }

  func record(_ exchange: HTTPExchange, microseconds: Int) {
    if lines.isEmpty { beginning = Array(#"{"time":"\#(LogTime.text())","method":""#.utf8) }
    append(exchange, microseconds, to: &lines)
  }

  private func append(_ exchange: HTTPExchange, _ microseconds: Int, to line: inout ByteBuffer) {
    line.append(beginning)
    line.append(fixed: exchange.isOfOtherMethod ? "other" : exchange.method.name)
    line.append(fixed: #"","path":"#)
    Self.append(json: exchange.path, to: &line)
    if let route = exchange.route {
      line.append(fixed: #","route":"#)
      line.append(routes[route])
    }
    line.append(fixed: #","status":"#)
    line.append(decimal: Int64(exchange.status.code))
    line.append(fixed: #","microseconds":"#)
    line.append(decimal: Int64(microseconds))
    line.append(fixed: #","bytes":"#)
    line.append(decimal: Int64(Self.bodyBytes(exchange)))
    line.append(fixed: #","request":""#)
    line.append(exchange.id)  // letters, digits, dashes and underscores
    line.append(fixed: #"","trace":""#)
    line.append(hexadecimal: exchange.trace.traceHigh)
    line.append(hexadecimal: exchange.trace.traceLow)
    line.append(fixed: "\"}\n")
  }

  /// What these answers tell is the length that the body would have; they have none.
  private static func bodyBytes(_ exchange: HTTPExchange) -> Int {
    exchange.method == .head || exchange.status == .notModified ? 0 : exchange.sentBytes
  }

  private static func append(json text: String, to line: inout ByteBuffer) {
    guard text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x22 && $0 != 0x5c }) else {
      return line.append(JSONWriter.bytes(of: text))
    }
    line.append(fixed: #"""#)
    line.append(text)
    line.append(fixed: #"""#)
  }

  private func flush() {
    lines.withBytes { writeAll($0, to: descriptor) }
    lines.removeAll()
  }
}
