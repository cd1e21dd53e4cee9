// Summit in this process: real sockets, a folder of its own, gone with the test.

import Foundation
import TestSupport
import Testing

@testable import HeightsHTTP
@testable import HeightsKit
@testable import Summit

struct RunningSummit: Sendable {
  static let password = "a long enough password"

  /// Such as `http://127.0.0.1:41234`.
  let address: String
  private let adminAddress: String
  private let context: AppContext
  /// Of services that are processes of their own.
  private let services: [AppContext]
  /// What people come to, `METHOD pattern`.
  let routes: [String]

  /// Somebody who isn't logged in.
  func visitor() -> Browser { Browser(address) }

  /// Somebody who has just signed up, and is logged in.
  func member(_ name: String) async throws -> Browser {
    let browser = visitor()
    let answer = try await browser.api(
      "POST", "/api/accounts",
      #"{"name":"\#(name)","displayName":"\#(name.capitalized)","email":"\#(name)@example.com","password":"\#(RunningSummit.password)"}"#
    )
    #expect(answer.status == 201, "\(answer.text)")
    return browser
  }

  /// The waitlist as the administrator gets it: a line for each address.
  func waitlist() async throws -> [String] {
    try await Browser(adminAddress).get("/waitlist").text.split(separator: "\n").map(String.init)
  }

  init(
    address: String, adminAddress: String, _ context: AppContext, services: [AppContext] = [], app: Router
  ) {
    (self.address, self.adminAddress) = (address, adminAddress)
    (self.context, self.services) = (context, services)
    routes = app.routes.map { "\($0.method) \($0.pattern)" }
  }

  /// The files of the example.
  static let routes = SummitRoutes(
    folder: URL(fileURLWithPath: #filePath + "/../../../../Examples/Summit").standardizedFileURL.path)

  // MARK: Behind it

  /// How many calls have gone to services elsewhere.
  var calls: Int { get async { await context.services.callCount } }

  /// How many statements all its databases have been asked.
  var statements: Int {
    databases.reduce(0) { $0 + $1.statistics.statements }
  }

  private var databases: [Database] { ([context] + services).flatMap(\.openDatabases).map(\.database) }

  func database(_ name: String) throws -> Database {
    try #require(databases.first { $0.name == name })
  }

  func account(_ name: String) async throws -> Account {
    try #require(try await AccountsStore(database: database("accounts")).named(name))
  }
}

/// Runs Summit at a stage on free ports, in a folder that is removed afterwards.
func withSummit(
  stage: Int = 2, on kind: TestEngine.Kind = .chosen,
  _ variables: [String: String] = [:],
  _ body: (RunningSummit) async throws -> Void
) async throws {
  let folder = NSTemporaryDirectory() + "summit-\(UUID().uuidString)"
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let engine = try TestEngine(kind)
  defer { engine.remove() }
  let context = try await AppContext(
    Environment(
      ["HEIGHTS_DATA_DIR": folder, "HEIGHTS_LOOPS": "2"].merging(engine.variables) { first, _ in first }
        .merging(variables) { _, second in second }))
  let summit = RunningSummit.routes
  let routes = stage == 1 ? try await summit.launchPage(context) : try await summit.app(context)
  let app = try await Served(routes.app, context)
  let admin = try await Served(routes.admin, context)
  let result: Result<Void, any Error>
  do {
    result = .success(
      try await body(
        RunningSummit(
          address: app.address, adminAddress: admin.address, context, app: routes.app)))
  } catch {
    result = .failure(error)
  }
  try await app.stop()
  try await admin.stop()
  await context.close()
  try result.get()
}

/// A router on a port of its own.
struct Served {
  let address: String
  private let server: HTTPServer
  private let sockets: [Int32]

  init(_ router: Router, _ context: AppContext) async throws {
    var limits = HTTPLimits()
    (limits.drainIdleMs, limits.sweepIntervalMs) = (1, 5)
    server = try await HTTPServer(
      loops: context.loops.loops, router: router, limits: limits,
      proxies: context.environment.proxies, logDescriptor: nil)
    sockets = try ListeningSockets.open(port: 0, count: 2).http
    try await server.listen(on: sockets)
    address = "http://127.0.0.1:\(ListeningSockets.localPort(of: sockets[0]))"
  }

  func stop() async throws {
    _ = try await server.drain(limitMs: 5_000)
    for socket in sockets { close(socket) }
  }
}
