// A service for tests, and the two processes that it takes: one that does the work, one that calls.

import Foundation
import Glibc
import TestSupport

@testable import HeightsHTTP
@testable import HeightsKit

/// What tests ask of a service.
protocol Echo: Sendable {
  func said(_ words: Words) async throws -> Words?
  func nothing() async throws
  func page() async throws -> [UInt8]
  func fails(_ how: String) async throws
  func context() async throws -> Seen
}

struct Words: Codable, Sendable, Equatable {
  var text: String
  var times = 1
}

/// What a call has brought along.
struct Seen: Codable, Sendable {
  let leftMs: Int
  let traceID: String
  let parentSpan: UInt64
  let isRepeated: Bool
  let positions: String?
}

enum EchoError: String, ServiceError { case mumbled }

struct EchoClient: ServiceClient, Echo {
  typealias Failure = EchoError
  static let service = "echo"
  let route: ServiceRoute<any Echo>

  struct Nothing: Codable, Sendable {}
  struct How: Codable, Sendable { let how: String }

  static let calls: [RemoteCall<any Echo>] = [
    RemoteCall("said") { (here, words: Words) in try await here.said(words) },
    RemoteCall("nothing") { (here, _: Nothing) in try await here.nothing() },
    RemoteCall(json: "page") { (here, _: Nothing) in try await here.page() },
    RemoteCall("fails") { (here, call: How) in try await here.fails(call.how) },
    RemoteCall("context") { (here, _: Nothing) in try await here.context() },
  ]

  func said(_ words: Words) async throws -> Words? {
    if let here = route.here { return try await here.said(words) }
    return try await route.call("said", words, .idempotent)
  }
  func nothing() async throws {
    if let here = route.here { return try await here.nothing() }
    try await route.call("nothing", Nothing(), .once)
  }
  func page() async throws -> [UInt8] {
    if let here = route.here { return try await here.page() }
    return try await route.json("page", Nothing(), .idempotent)
  }
  func fails(_ how: String) async throws {
    if let here = route.here { return try await here.fails(how) }
    try await route.call("fails", How(how: how), .once)
  }
  func context() async throws -> Seen {
    if let here = route.here { return try await here.context() }
    return try await route.call("context", Nothing(), .once)
  }
}

struct Unexpected: Error {}

/// Does the work.
struct EchoWork: Echo {
  func said(_ words: Words) async throws -> Words? {
    words.text.isEmpty ? nil : Words(text: String(repeating: words.text, count: words.times))
  }
  func nothing() async throws {}
  func page() async throws -> [UInt8] { Array(#"{"made": "by hand"}"#.utf8) }
  func fails(_ how: String) async throws {
    switch how {
    case "own": throw EchoError.mumbled
    case "problem": throw Problem.invalid([Problem.Field("words", "Speak up.")])
    case "convertible": throw Overloaded()
    case "busy":
      throw Problem(.tooManyRequests, title: "Slower", detail: "Wait.", retryAfterSeconds: 7)
    default: throw Unexpected()
    }
  }
  func context() async throws -> Seen {
    let context = CurrentRequest.context
    context?.seen?.hasWritten(LogPosition(bytes: 77), on: 3, of: 5)
    return Seen(
      leftMs: context?.deadline.remainingMs ?? -1, traceID: context?.trace.traceID ?? "",
      parentSpan: context?.trace.parentSpan ?? 0, isRepeated: context?.isRepeated ?? false,
      positions: context?.seen?.copy.text)
  }
}

/// Keys of two services, and where placements are.
struct EchoPlaces {
  let folder: String
  let placement: String
  let secret: CallerSecret

  /// - Throws: what the file system says.
  init(_ folder: String) throws {
    self.folder = folder
    placement = folder + "/placement.json"
    let seed = [UInt8](repeating: 7, count: 32)
    secret = CallerSecret(seed: seed)!  // 32 bytes
    try Data("web \(Base64URL.text(seed))\n".utf8).write(to: URL(fileURLWithPath: folder + "/web.key"))
  }

  func document(_ port: UInt16, epoch: Int, share: Int = 1_024, callers: [String] = ["web"]) -> Placement {
    Placement(
      epoch: epoch,
      services: [
        "echo": .init(
          addresses: [ServerAddress("127.0.0.1:\(port)")!],  // always one
          share: share, callers: callers)
      ],
      keys: ["web": [secret.publicKey]])
  }

  /// Settings of a process.
  func variables(_ name: String, service: String?) -> [String: String] {
    var variables = [
      "HEIGHTS_DATA_DIR": folder + "/" + name, "HEIGHTS_LOOPS": "1", "HEIGHTS_PLACEMENT": placement,
      "PORT": "0",
      "HEIGHTS_LOG_REQUESTS": "off",
    ]
    variables["HEIGHTS_SERVICE"] = service
    if service != "echo" { variables["HEIGHTS_SERVICE_KEY_FILE"] = folder + "/web.key" }
    return variables
  }
}

/// Runs `body` on a loop of a process that calls the service over the network.
/// - Parameters:
///   - target: a server of the test's own instead of the service.
///   - work: what the service does.
///   - share: of 1,024 calls, where the caller does the work too (`asAll`).
func withEcho(
  at target: UInt16? = nil, _ work: any Echo = EchoWork(), share: Int = 1_024, asAll: Bool = false,
  callers: [String] = ["web"],
  _ body: @escaping @Sendable (EchoClient, UInt16) async throws -> Void
) async throws {
  try await withFolder { folder in
    let places = try EchoPlaces(folder)
    try places.document(target ?? 9, epoch: 1, callers: callers).write(to: places.placement)
    let callee = try await AppProcess(Environment(places.variables("callee", service: "echo"))) { context in
      _ = try await context.service(EchoClient.self) { work }
      var routes = Routes()
      routes.app.get("/secret") { _ in .text("for people") }
      return routes
    }
    let port = target ?? callee.port
    try places.document(port, epoch: 2, share: share, callers: callers).write(to: places.placement)
    let settings = places.variables("caller", service: asAll ? nil : "web")
    let context = try await AppContext(Environment(settings))
    do {
      let client = try await context.service(EchoClient.self) { work }
      try await context.loops.loops[0].run { try await body(client, callee.port) }
    } catch {
      await context.close()
      _ = try? await callee.end()
      throw error
    }
    await context.close()
    _ = try await callee.end()
  }
}
