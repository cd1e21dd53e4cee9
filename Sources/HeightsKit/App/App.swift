// A process of an app, from its environment to its graceful end.

import Contract
import Glibc
import Policies

/// What an app serves: to the public, and to whoever runs it.
public struct Routes: Sendable {
  /// Served to the public, at the app's own names.
  public var app = Router()
  /// Served on the administrator's socket only.
  public var admin = Router()

  /// Serves nothing yet.
  public init() {}
}

/// Runs an app as the stage asks for it.
///
/// ```swift
/// await App.run(launch: { try await Launch(directory: "Launch").routes($0) }) { context in
///   let posts = try await context.database("posts")
///   var routes = Routes()
///   routes.app.get("/") { _ in .text("Hello from the valley") }
///   return routes
/// }
/// ```
public enum App {
  /// Makes the routes of one process.
  public typealias Build = @Sendable (AppContext) async throws -> Routes

  /// Serves until the process is asked to end (SIGTERM, SIGINT), then drains and exits 0. Exits 2 when the
  /// environment can't be used and 1 when the app can't start, with a line on standard error that says why.
  /// - Parameters:
  ///   - launch: what stage 1 serves.
  ///   - build: what all other stages serve.
  public static func run(launch: @escaping Build, _ build: @escaping Build) async -> Never {
    do {
      OpenFiles.raiseLimit()
      let signals = try EndSignals()
      let environment = try Environment.current()
      let process = try await AppProcess(environment, environment.stage == 1 ? launch : build)
      try await process.serve(until: signals)
      exit(0)
    } catch let error as EnvironmentError {
      fail("\(error)", code: 2)
    } catch let error as StoreError {
      fail("\(error)", code: 2)
    } catch let error as PlacementError {
      fail("HEIGHTS_PLACEMENT: \(error)", code: 2)
    } catch {
      fail("the app can't start: \(error)", code: 1)
    }
  }

  private static func fail(_ message: String, code: Int32) -> Never {
    writeAll(Array((message + "\n").utf8), to: 2)
    exit(code)
  }
}

/// A process that serves an app.
struct AppProcess {
  /// What the public's sockets are bound to.
  let port: UInt16
  private let context: AppContext
  private let readiness = Readiness()
  private let server: HTTPServer
  private let admin: HTTPServer
  private let mover: Mover

  init(_ environment: Environment, _ build: App.Build) async throws {
    let sockets = try AppProcess.sockets(environment)
    let context = try await AppContext(environment)
    let readiness = readiness
    var routes = try await build(context)
    if let door = context.services.door { routes.app = door } else { try context.checkService() }
    let metrics = MetricsSource(context)
    // Figures are for the lab alone, by the admin socket.
    routes.app.addHealth(stage: environment.stage, readiness: readiness, metrics: nil)
    if let names = environment.hostNames { routes.app.require(names) }
    let server = try await HTTPServer(
      loops: context.loops.loops, router: routes.app, limits: HTTPLimits(), proxies: environment.proxies,
      logDescriptor: environment.logsRequests ? 1 : nil, tracking: context.tracking,
      tracing: context.tracing)
    await metrics.add(server)
    routes.admin.addHealth(
      stage: environment.stage, readiness: readiness, metrics: { try await metrics.text() })
    routes.admin.addPlacement(context)
    mover = Mover(context)
    routes.admin.addMove(mover)
    routes.admin.addObjects(context)
    routes.admin.addSessions(context)
    routes.admin.addFrontDoor(server, readiness, drainLimitMs: Leaving.drainMs)
    admin = try await HTTPServer(loops: [context.loops.loops[0]], router: routes.admin, logRequests: false)
    if !environment.opensFrontDoor { try await server.setAccepting(false) }
    try await admin.listen(on: sockets.admin)
    try await server.listen(on: sockets.http)
    self.context = context
    self.server = server
    port = ListeningSockets.localPort(of: sockets.http[0])
    readiness.state = .ready
  }

  private static func sockets(_ environment: Environment) throws -> ListeningSockets {
    if let inherited = ListeningSockets.inherited(environment.variables) { return inherited }
    do {
      return try ListeningSockets.open(
        address: environment.host, port: environment.port, count: environment.loops)
    } catch let error as SystemError where error.code == EADDRINUSE {
      throw EnvironmentError(description: "port \(environment.port) is taken: set PORT to one that is free")
    }
  }

  func serve(until signals: EndSignals) async throws {
    Log.info("ready", [("stage", String(context.environment.stage)), ("pid", String(getpid()))])
    try await signals.wait()
    Log.info("draining", [("connections", String(try await server.connectionCount()))])
    let complete = try await end()
    Log.info("ended", [("complete", complete ? "yes" : "no")])
  }

  /// Answers what has been accepted, then lets go of everything.
  /// - Returns: whether every connection ended by itself.
  func end() async throws -> Bool {
    readiness.state = .draining
    let complete = try await server.drain(limitMs: Leaving.drainMs)
    await mover.close()
    await context.close()
    return complete
  }
}

extension Router {
  /// What a supervisor or a climb does with a process's front door. Each may be repeated.
  fileprivate mutating func addFrontDoor(_ server: HTTPServer, _ readiness: Readiness, drainLimitMs: Int) {
    post(AdminPath.drain) { _ in
      readiness.state = .draining
      return .json(AdminAnswer.Drained(complete: try await server.drain(limitMs: drainLimitMs)))
    }
    post(AdminPath.accept) { _ in
      try await server.setAccepting(true)
      readiness.state = .ready
      return .noContent
    }
  }
}

extension Router {
  /// Which version of the placement all of the process goes by.
  mutating func addPlacement(_ context: AppContext) {
    get(AdminPath.placement) { _ in .json(AdminAnswer.Adopted(epoch: context.placements.adoptedEpoch)) }
  }
}

/// All metrics of a process.
private actor MetricsSource {
  private let context: AppContext
  private var server: HTTPServer?

  init(_ context: AppContext) { self.context = context }

  func add(_ server: HTTPServer) { self.server = server }

  func text() async throws -> MetricsText {
    var text = MetricsText()
    try await server?.writeMetrics(to: &text)
    try await context.loops.writeMetrics(to: &text)
    await context.writeMetrics(to: &text)
    return text
  }
}
