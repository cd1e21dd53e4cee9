// Sessions move to DynamoDB and back, on real engines, and others read what was written.

import Foundation
import Glibc
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsKit

@Suite struct MovedSessionsTests {
  private struct Setup {
    let context: AppContext
    let store: SessionStore
    let server: RunningServer
    let variables: [String: String]

    func begin() async throws -> (String, String) {
      let cookie = try #require(
        try await server.request("POST", "/begin")["Set-Cookie"]?.split(separator: ";").first)
      return ("Cookie", String(cookie))
    }

    func isIn(_ cookie: (String, String)) async throws -> Bool {
      try await server.request("GET", "/who", [cookie]).text == "in"
    }

    func adopt(_ sessions: [Placement.SessionStoreName]) async throws {
      await context.placements.adopt(context.placement.next { $0.sessions = sessions })
    }

    func copyAll() async throws {
      var start: String?
      repeat { start = try await store.copy(from: start, forMs: 1_000).next } while start != nil
    }
  }

  private func withStore(
    on own: DynamoServer? = nil, _ body: (Setup) async throws -> Void
  ) async throws {
    let variables = try await SessionsTable.make(on: own)
    try await withContext(variables) { context in
      let store = try await SessionStore(context)
      try await withServer {
        $0.post("/begin") { Response.noContent.with(try await store.begin(for: account7, by: $0).cookie) }
        $0.get("/who") { .text(try await store.session(of: $0) == nil ? "out" : "in") }
        $0.post("/end") {
          try await store.end(of: $0)
          return .noContent
        }
      } _: { server in
        try await body(Setup(context: context, store: store, server: server, variables: variables))
      }
    }
  }

  @Test func thePlacementChangesBothWaysAndNobodyIsLoggedOutAndNobodyComesBack() async throws {
    try await withStore { setup in
      var (stay, left) = ([try await setup.begin()], [(String, String)]())
      let way: [[Placement.SessionStoreName]] = [
        [.sql, .dynamodb], [.dynamodb, .sql], [.dynamodb], [.dynamodb, .sql], [.sql, .dynamodb], [.sql],
        [.sql, .dynamodb], [.dynamodb, .sql], [.dynamodb],
      ]
      for sessions in way {
        if sessions.count == 1 { try await setup.copyAll() }
        try await setup.adopt(sessions)
        #expect(setup.context.placements.adoptedEpoch == setup.context.placement.epoch)
        let leaving = try await setup.begin()
        stay.append(try await setup.begin())
        for cookie in stay {
          let isIn = try await setup.isIn(cookie)
          #expect(isIn, "\(sessions)")
        }
        #expect(try await setup.isIn(leaving))
        #expect(try await setup.server.request("POST", "/end", [leaving]).status == 204)
        left.append(leaving)
        for cookie in left {
          let isIn = try await setup.isIn(cookie)
          #expect(!isIn, "\(sessions)")
        }
      }
    }
  }

  @Test func aClientOfAmazonsReadsWhatWasWritten() async throws {
    try await withStore { setup in
      try await setup.adopt([.dynamodb])
      _ = try await setup.begin()
      let left = try await setup.begin()
      #expect(try await setup.server.request("POST", "/end", [left]).status == 204)
      let script = """
        import boto3, botocore.config, os
        limits = botocore.config.Config(connect_timeout=5, read_timeout=20, retries={"max_attempts": 1})
        items = boto3.client("dynamodb", config=limits).scan(TableName=os.environ["HEIGHTS_SESSIONS_TABLE"])["Items"]
        print(*sorted("+".join(sorted(item)) for item in items), sep="\\n")
        """
      let environment = setup.variables
      let text = try await blocking { try Self.python(script, environment) }
      #expect(
        text.split(separator: "\n") == [
          "account+address+begun+credentials+expires+pk+since+sk+touched", "credentials+expires+pk+sk",
          "ended+expires+pk+sk", "pk+sk+version",
        ])
    }
  }

  private static func python(_ script: String, _ environment: [String: String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: DynamoServer.root + "/.venv/bin/python")
    process.arguments = ["-c", script]
    process.environment = environment.merging(["AWS_DEFAULT_REGION": "us-east-1"]) { $1 }
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    // Amazon's client gives up by itself.
    let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
    // It has closed its output.
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test func whileTheTableHangsNobodyIsLetInOrOutByMistake() async throws {
    let own = try await blocking { try DynamoServer() }
    try await withStore(on: own) { setup in
      try await setup.adopt([.sql, .dynamodb])
      let cookie = try await setup.begin()
      own.signal(SIGSTOP)
      // SQL answers; who wants to leave is told that it did not work.
      #expect(try await setup.isIn(cookie))
      #expect(try await setup.server.request("POST", "/end", [cookie]).status == 503)
      own.signal(SIGCONT)
      try await eventually("the table answers again") {
        try await setup.server.request("POST", "/end", [cookie]).status == 204
      }
      #expect(try await !setup.isIn(cookie))
      try await setup.adopt([.dynamodb, .sql])
      #expect(try await !setup.isIn(cookie))
    }
  }
}
