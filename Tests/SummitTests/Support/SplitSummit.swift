// Summit as it runs from stage 6 on: a process for each service, here each with loops, files and a port of its own.

import Foundation
import TestSupport
import Testing

@testable import HeightsKit
@testable import Summit

/// Runs Summit with its services apart, on SQLite, each database in the folder of its service.
func withSplitSummit(
  _ variables: [String: String] = [:], _ body: (RunningSummit) async throws -> Void
) async throws {
  let folder = NSTemporaryDirectory() + "summit-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  let split = try SplitSummit(folder, variables)
  do {
    let running = try await split.start()
    try await body(running)
    try await split.stop()
  } catch {
    try? await split.stop()
    throw error
  }
}

private final class SplitSummit {
  private static let services = ["accounts", "posts", "graph"]

  private let folder: String
  private let variables: [String: String]
  private let secret: CallerSecret
  private var contexts: [AppContext] = []
  private var served: [Served] = []

  init(_ folder: String, _ variables: [String: String]) throws {
    (self.folder, self.variables) = (folder, variables)
    let seed = (0..<32).map { _ in UInt8.random(in: 0...255) }
    secret = try #require(CallerSecret(seed: seed))
    try Data("web \(Base64URL.text(seed))".utf8).write(to: URL(fileURLWithPath: folder + "/web.key"))
  }

  /// The services first, and then what people come to, which is told where they are.
  func start() async throws -> RunningSummit {
    try place([:], epoch: 1)
    var addresses: [String: ServerAddress] = [:]
    for service in Self.services {
      let context = try await context(service)
      _ = try await RunningSummit.routes.app(context)
      let door = try await serve(try #require(context.services.door), context)
      addresses[service] = ServerAddress(String(door.address.dropFirst("http://".count)))
    }
    try place(addresses, epoch: 2)
    let services = contexts
    let context = try await context("web")
    let routes = try await RunningSummit.routes.app(context)
    let app = try await serve(routes.app, context)
    return RunningSummit(
      address: app.address, adminAddress: app.address, context, services: services, app: routes.app)
  }

  func stop() async throws {
    for served in served.reversed() { try await served.stop() }
    for context in contexts.reversed() { await context.close() }
  }

  private func serve(_ router: Router, _ context: AppContext) async throws -> Served {
    let served = try await Served(router, context)
    self.served.append(served)
    return served
  }

  private func context(_ service: String) async throws -> AppContext {
    let settings = [
      "HEIGHTS_DATA_DIR": folder + "/" + service, "HEIGHTS_LOOPS": "2", "HEIGHTS_SERVICE": service,
      "HEIGHTS_PLACEMENT": folder + "/placement.json", "HEIGHTS_SERVICE_KEY_FILE": folder + "/web.key",
    ]
    let context = try await AppContext(Environment(settings.merging(variables) { $1 }))
    contexts.append(context)
    return context
  }

  /// Until a service listens it is somewhere where nobody answers.
  private func place(_ addresses: [String: ServerAddress], epoch: Int) throws {
    let nowhere = try #require(ServerAddress("127.0.0.1:9"))
    let services = Self.services.map { name in
      (name, Placement.Service(addresses: [addresses[name] ?? nowhere], callers: ["web"]))
    }
    let placement = Placement(
      epoch: epoch, services: Dictionary(uniqueKeysWithValues: services), keys: ["web": [secret.publicKey]])
    try PlacementFile.put(placement, folder + "/placement.json")
  }
}
