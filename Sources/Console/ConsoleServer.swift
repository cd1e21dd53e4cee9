// The console's server: one page, and a stream of what the lab is doing.

import Dispatch
import HeightsKit
import Lab

/// Shows a running lab in a browser, on 127.0.0.1 only.
public enum ConsoleServer {
  /// Debian's libjs-chart.js.
  private static let chartPath = "/usr/share/javascript/chart.js/chart.min.js"
  private static let contentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
    + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

  /// Starts the console of `lab`. Blocks until it listens.
  /// - Parameter port: 0 for one that is free.
  /// - Throws: `ConsoleError` when the port is taken.
  public static func start(_ lab: Lab, port: UInt16) throws -> RunningConsole {
    let sockets: HeightsKit.ListeningSockets
    do {
      sockets = try HeightsKit.ListeningSockets.open(port: port, count: 1)
    } catch {
      throw ConsoleError.portTaken(port)
    }
    let loops = try EventLoopGroup(count: 1)
    let feed = try ConsoleFeed(lab)
    try wait {
      let server = try await HTTPServer(loops: loops.loops, router: router(feed), logRequests: false)
      try await server.listen(on: sockets.http)
      feed.start(on: loops.loops[0])
    }
    let actual = HeightsKit.ListeningSockets.localPort(of: sockets.http[0])
    return RunningConsole(url: "http://127.0.0.1:\(actual)") {
      feed.stop()
      try? wait { await loops.shutdown() }
    }
  }

  private static func router(_ feed: ConsoleFeed) -> Router {
    var router = Router()
    router.get("/") { _ in page(PackageResources.index_html, "text/html; charset=utf-8") }
    router.get("/console.css") { _ in page(PackageResources.console_css, "text/css; charset=utf-8") }
    router.get("/console.js") { _ in page(PackageResources.console_js, "text/javascript; charset=utf-8") }
    router.file(
      "/chart.js", from: "/usr/share/javascript/chart.js", name: "chart.min.js", maxAgeSeconds: 86_400)
    router.get("/snapshot") { _ in .bytes(feed.current, contentType: "application/json") }
    router.get("/events") { _ in
      .events { stream in
        try stream.send(event: "hello", data: feed.hello())
        for await snapshot in feed.snapshots() { try stream.send(event: "snapshot", data: snapshot) }
      }
    }
    return router
  }

  private static func page(_ bytes: [UInt8], _ contentType: String) -> Response {
    Response.bytes(bytes, contentType: contentType)
      .with("Content-Security-Policy", contentSecurityPolicy).with("Cache-Control", "no-cache")
  }

  /// Runs async work for a caller that isn't: the lab is started by a blocking thread.
  private static func wait(_ body: @escaping @Sendable () async throws -> Void) throws {
    let done = DispatchSemaphore(value: 0)
    let outcome = Outcome()
    Task.detached {
      do { try await body() } catch { outcome.error = error }
      done.signal()
    }
    done.wait()
    if let error = outcome.error { throw error }
  }

  /// Written before the semaphore is signalled and read after it was waited for: so `@unchecked Sendable` is sound.
  private final class Outcome: @unchecked Sendable {
    var error: (any Error)?
  }
}

/// Why the console can't start.
public enum ConsoleError: Error, CustomStringConvertible {
  case portTaken(UInt16)

  public var description: String {
    switch self {
    case .portTaken(let port):
      "port \(port) is taken: end what listens there, or choose another one with --console-port"
    }
  }
}
