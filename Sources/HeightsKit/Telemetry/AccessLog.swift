// One line of JSON for each request, gathered by a loop and written once a tick.

import Glibc

/// A loop's access log, on standard output. Loop thread only.
final class AccessLog {
  private var lines = JSONWriter(capacity: 16 << 10)
  private var time = LogTime.text()
  private let routes: [Router.Route]

  init(loop: EventLoop, routes: [Router.Route]) {
    self.routes = routes
    loop.atEndOfTick { [weak self] in self?.flush() }
  }

  func record(_ exchange: Exchange, microseconds: Int) {
    if lines.bytes.isEmpty { time = LogTime.text() }
    lines.object { json in
      json.member("time", time)
      json.member("method", exchange.method?.description ?? "other")
      json.member("path", exchange.path)
      if let route = exchange.route { json.member("route", routes[route].pattern) }
      json.member("status", exchange.status.code)
      json.member("microseconds", microseconds)
      json.member("bytes", exchange.sentBytes)
      if let request = exchange.request {
        json.member("request", request.id)
        json.member("trace", hexadecimal: request.trace.traceHigh, request.trace.traceLow)
      }
    }
    lines.endLine()
  }

  private func flush() {
    guard !lines.bytes.isEmpty else { return }
    writeAll(lines.bytes, to: 1)
    lines.removeAll()
  }
}
