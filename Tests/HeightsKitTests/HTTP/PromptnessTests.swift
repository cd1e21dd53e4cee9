// A request that comes right behind an answer gets its handler in that very turn of the loop: nothing else need happen.

import Foundation
import TestSupport
import Testing

@testable import HeightsKit

@Suite(.serialized) struct PromptnessTests {
  private static let requests = 30
  private static let connections = [1, 2, 8]

  /// Nothing that the engine does by itself wakes its loop up in time.
  private static var limits: HTTPLimits {
    var limits = HTTPLimits()
    limits.sweepIntervalMs = 600_000
    return limits
  }

  /// Asks for `/wait` again and again, each time with the request on its way before the answer to the one before: it is
  /// read in the turn in which that is sent.
  private func ask(
    _ loops: EventLoopGroup, connections: Int, _ work: @escaping @Sendable (Int) async throws -> Void
  ) async throws {
    try await withServer(on: loops, limits: Self.limits) {
      $0.get("/wait/{number}") { request in
        try await work(Int(request.parameter("number")) ?? 0)
        return .text("done")
      }
    } _: { server in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for connection in 0..<connections {
          group.addTask { try await Self.askInARow(server, connection) }
        }
        try await group.waitForAll()
      }
    }
  }

  private static func askInARow(_ server: RunningServer, _ connection: Int) async throws {
    try await server.withClient { client in
      let numbers = 0..<requests
      client.send(numbers.map { RawRequest.text("GET", "/wait/\(connection * requests + $0)") }.joined())
      for number in numbers {
        let answer = try client.response()
        #expect(answer.status == 200, "request \(number) of connection \(connection): \(answer.text)")
      }
    }
  }

  @Test(arguments: connections)
  func alsoWhenItsHandlerWaitsForPostgreSQL(connections: Int) async throws {
    try await withPostgres(loops: 1) { notes, database in
      try await ask(notes.loops, connections: connections) { _ in _ = try await database.count() }
      try await ask(notes.loops, connections: connections) {
        try await database.insertNote("\($0)", likes: 1)
      }
      #expect(try await database.count() == Int64(connections * Self.requests))
    }
  }

  @Test(arguments: connections)
  func alsoWhenItsHandlerWaitsForTheWriterOfSQLite(connections: Int) async throws {
    try await withDatabaseFolder(loops: 1) { folder in
      let database = try await folder.open()
      try await ask(folder.loops, connections: connections) {
        try await database.insertNote("\($0)", likes: 1)
      }
      #expect(try await database.count() == Int64(connections * Self.requests))
      database.close()
    }
  }

  @Test(arguments: connections)
  func alsoWhenItsHandlerWaitsForRedis(connections: Int) async throws {
    let server = try RedisServer()
    try await withRedis(.server(server)) { redis, loops in
      try await ask(loops, connections: connections) { _ in
        _ = try await redis.command("INCR", "count", deadlineMs: 60_000)
      }
      #expect(try await redis.command("GET", "count").text == "\(connections * Self.requests)")
    }
  }

  @Test(arguments: connections)
  func alsoWhenItsHandlerWaitsForS3(connections: Int) async throws {
    let server = try S3Server()
    let bucket = try #require(try S3Bucket(server.variables))
    let loops = try EventLoopGroup(count: 1)
    try await ask(loops, connections: connections) { number in
      _ = try await bucket.contains("media/\(number)")
    }
    await loops.shutdown()
    bucket.close()
  }

  @Test(arguments: connections)
  func alsoWhenItsHandlerWaitsForATimer(connections: Int) async throws {
    let loops = try EventLoopGroup(count: 1)
    try await ask(loops, connections: connections) { _ in try await EventLoop.current?.sleep(ms: 1) }
    await loops.shutdown()
  }
}
