// The console's server: one page, and a stream of what the lab is doing.

import Dispatch
import HeightsHTTP
import Lab
import Synchronization

/// Shows a running lab in a browser, on 127.0.0.1 only.
public enum ConsoleServer {
  private static let html = "text/html; charset=utf-8"
  private static let css = "text/css; charset=utf-8"
  private static let script = "text/javascript; charset=utf-8"
  private static let files: [(path: String, bytes: [UInt8], contentType: String)] = [
    ("/", PackageResources.index_html, html),
    ("/console.css", PackageResources.console_css, css),
    ("/map.css", PackageResources.map_css, css),
    ("/traces.css", PackageResources.traces_css, css),
    ("/releases.css", PackageResources.releases_css, css),
    ("/processes.css", PackageResources.processes_css, css),
    ("/traces.js", PackageResources.traces_js, script),
    ("/console.js", PackageResources.console_js, script),
    ("/access.js", PackageResources.access_js, script),
    ("/controls.js", PackageResources.controls_js, script),
    ("/jobs.js", PackageResources.jobs_js, script),
    ("/services.js", PackageResources.services_js, script),
    ("/trials.js", PackageResources.trials_js, script),
    ("/releases.js", PackageResources.releases_js, script),
    ("/timeline.js", PackageResources.timeline_js, script),
    ("/processes.js", PackageResources.processes_js, script),
    ("/budget.js", PackageResources.budget_js, script),
    ("/charts.js", PackageResources.charts_js, script),
    ("/map.js", PackageResources.map_js, script),
    ("/ranks.js", PackageResources.ranks_js, script),
    ("/roads.js", PackageResources.roads_js, script),
    ("/format.js", PackageResources.format_js, script),
    ("/dom.js", PackageResources.dom_js, script),
    ("/icon.svg", PackageResources.icon_svg, "image/svg+xml"),
  ]

  /// Everything comes from here, and nothing is written into the page: text from data can't become a script.
  private static let securityHeaders = [
    (
      "Content-Security-Policy",
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
  ]

  /// Starts the console of `lab`. Blocks until it listens. Its address has a token in its fragment: whoever has the whole
  /// address may press the buttons, everybody else on this machine may look.
  /// - Parameter port: 0 for one that is free.
  /// - Throws: `ConsoleError` when the port is taken.
  public static func start(_ lab: Lab, port: UInt16, tools: ConsoleTools) throws -> RunningConsole {
    let door: (socket: Int32, port: Int)
    do { door = try Lab.openDoor(port: Int(port)) } catch { throw ConsoleError.portTaken(port) }
    let loops = try EventLoopGroup(count: 1)
    let token = Token()
    let board = JobBoard(folder: lab.folder, program: tools.program)
    let feed = try ConsoleFeed(lab, board, tools)
    let actions = ConsoleActions(lab: lab, board: board, drills: tools.drills, token: token)
    let traces = try ConsoleTraces(lab.folder, token)
    let server = try wait(on: loops.loops[0]) {
      let router = router(feed, actions, traces)
      let server = try await HTTPServer(loops: loops.loops, router: router, logRequests: false)
      try await server.listen(on: [door.socket])
      feed.start(on: loops.loops[0])
      return server
    }
    return RunningConsole(url: "http://127.0.0.1:\(door.port)/#token=\(token.text)") {
      board.stopAll()
      feed.stop()
      traces.stop()
      Task.detached {
        await loops.shutdown()
        // The loops call the server until they have ended.
        withExtendedLifetime(server) {}
      }
    }
  }

  private static func router(
    _ feed: ConsoleFeed, _ actions: ConsoleActions, _ traces: ConsoleTraces
  ) -> Router {
    var router = Router()
    router.require(LocalHost.check)
    router.require(Origin.check)
    actions.add(to: &router, secured: secured)
    traces.add(to: &router, secured: secured)
    for file in files {
      router.get(file.path) { _ in
        secured(.bytes(file.bytes, contentType: file.contentType).with("Cache-Control", "no-cache"))
      }
    }
    router.get("/snapshot") { _ in
      secured(.bytes(feed.current, contentType: "application/json").with("Cache-Control", "no-store"))
    }
    router.get("/events") { _ in
      secured(
        .events { stream in
          // Asked for before `hello` is sent, so that none is missed between the two.
          let snapshots = feed.snapshots()
          try stream.send(event: "hello", data: feed.hello())
          for await snapshot in snapshots { try stream.send(event: "snapshot", data: snapshot) }
        })
    }
    return router
  }

  @Sendable private static func secured(_ response: Response) -> Response {
    securityHeaders.reduce(response) { $0.with($1.0, $1.1) }
  }

  /// Runs async work for a caller that isn't: the lab is started by a blocking thread. On the loop, because the threads
  /// of Swift's own pool are few and may all be such callers.
  private static func wait<T: Sendable>(
    on loop: EventLoop, _ body: @escaping @Sendable () async throws -> T
  ) throws -> T {
    let done = DispatchSemaphore(value: 0)
    let outcome = Mutex<Result<T, any Error>?>(nil)
    Task.detached(executorPreference: loop) {
      let result: Result<T, any Error>
      do { result = .success(try await body()) } catch { result = .failure(error) }
      outcome.withLock { $0 = result }
      done.signal()
    }
    done.wait()
    guard let result = outcome.withLock({ $0 }) else { preconditionFailure("signalled without a result") }
    return try result.get()
  }
}

/// Why the console can't start.
public enum ConsoleError: Error, CustomStringConvertible {
  case portTaken(UInt16)

  /// Names the port and what to do about it.
  public var description: String {
    switch self {
    case .portTaken(let port):
      "port \(port) is taken: end what listens there, or choose another one with --console-port"
    }
  }
}
