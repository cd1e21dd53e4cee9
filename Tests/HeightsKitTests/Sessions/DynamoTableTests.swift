// What a table that is slow, busy, away or of another mind makes of a request: an answer in time that says what was asked.

import Synchronization
import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsKit

@Suite struct DynamoTableTests {
  private static let key: DynamoItem = ["pk": .text("a"), "sk": .text("b")]
  private static let found =
    #"{"Item": {"pk": {"S": "a"}, "sk": {"S": "b"}, "n": {"N": "7"}, "l": {"L": []}}}"#

  /// A server that answers in this order, and the last answer from then on.
  private func withAnswers(
    _ answers: [(status: Int, body: String)],
    _ body: (DynamoTable, @escaping @Sendable () -> Int) async throws -> Void
  ) async throws {
    let asked = Mutex(0)
    try await withServer { router in
      router.post("/") { _ in
        let number = asked.withLock { count in
          count += 1
          return count - 1
        }
        let answer = answers[min(number, answers.count - 1)]
        return Response(status: Status(answer.status), body: .bytes(Array(answer.body.utf8)))
      }
    } _: { server in
      try await withTable(port: Int(server.port)) { table in try await body(table, { asked.withLock { $0 } })
      }
    }
  }

  private func withTable(
    port: Int, now: @escaping @Sendable () -> Int = { Int(wallClockMs() / 1_000) },
    _ body: (DynamoTable) async throws -> Void
  ) async throws {
    let loops = try EventLoopGroup(count: 1)
    let place = try #require(try DynamoPlace(Self.variables(port)))
    let table = DynamoTable(place, loops, nowSeconds: now)
    let result: Result<Void, any Error>
    do { result = .success(try await body(table)) } catch { result = .failure(error) }
    await table.close()
    await loops.shutdown()
    try result.get()
  }

  private static func variables(_ port: Int) -> [String: String] {
    [
      "HEIGHTS_SESSIONS_TABLE": "people", "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:\(port)",
      "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    ]
  }

  private static func refusal(_ code: String) -> String {
    #"{"__type": "com.amazonaws.dynamodb.v20120810#\#(code)", "message": "because"}"#
  }

  @Test(arguments: [
    (400, "ThrottlingException"), (400, "ProvisionedThroughputExceededException"),
    (400, "TransactionConflictException"), (500, "InternalServerError"), (503, ""),
  ])
  func whatMayPassIsTriedAgain(status: Int, code: String) async throws {
    let busy = (status, Self.refusal(code))
    try await withAnswers([busy, busy, (200, Self.found)]) { table, asked in
      let item = try await table.get(Self.key)
      #expect(item?["n"] == .number(7) && item?["l"] == .other)
      #expect(asked() == 3)
    }
  }

  @Test func whatAlwaysAsksToWaitIsGivenUpInTimeAndSaysWhat() async throws {
    try await withAnswers([(400, Self.refusal("ThrottlingException"))]) { table, asked in
      let start = Deadline.now
      let error = await #expect(throws: DynamoError.self) { try await table.get(Self.key) }
      #expect(error?.reason == .busy(400, "ThrottlingException"))
      #expect(
        error?.description
          == "the table people did not do GetItem in time: HTTP 400 ThrottlingException, each time it was tried"
      )
      #expect(error?.problem.status == .serviceUnavailable)
      #expect(start.elapsedMs <= DynamoCaller.patienceMs + 500)
      #expect(asked() > 3 && asked() <= 12)
    }
  }

  @Test func whatIsRefusedIsNotTriedAgain() async throws {
    try await withAnswers([(400, Self.refusal("ValidationException"))]) { table, asked in
      let error = await #expect(throws: DynamoError.self) { try await table.get(Self.key) }
      #expect(
        error?.description == "the table people did not do GetItem: HTTP 400 ValidationException: because")
      #expect(error?.isRetryable == false)
      #expect(asked() == 1)
    }
  }

  @Test func aConditionThatIsNotMetTellsWhatIsThere() async throws {
    let answer =
      #"{"__type": "x#ConditionalCheckFailedException", "Item": {"pk": {"S": "a"}, "ended": {"N": "1"}}}"#
    try await withAnswers([(400, answer)]) { table, asked in
      let failed = await #expect(throws: DynamoConditionFailed.self) {
        try await table.put(Self.key, if: "attribute_not_exists(pk)")
      }
      #expect(failed?.item?["ended"] == .number(1))
      #expect(asked() == 1)
    }
  }

  @Test(arguments: ["", "{", #"{"Item": 7}"#])
  func anAnswerThatIsNoneIsAnError(body: String) async throws {
    try await withAnswers([(200, body)]) { table, _ in
      await #expect(throws: DynamoError.self) { try await table.get(Self.key) }
    }
  }

  @Test func aServerThatIsGoneOrSaysNothingIsLeftInTime() async throws {
    let silent = try PublicPort.free()
    try await withTable(port: silent) { table in
      let start = Deadline.now
      let error = await #expect(throws: DynamoError.self) { try await table.get(Self.key) }
      #expect(error?.isRetryable == true)
      #expect(start.elapsedMs < DynamoCaller.patienceMs + 500)
    }
    try await withServer { router in
      router.post("/") { _ in
        try await Task.sleep(for: .seconds(20))
        return .text("late")
      }
    } _: { server in
      try await withTable(port: Int(server.port)) { table in
        let start = Deadline.now
        await #expect(throws: DynamoError.self) { try await table.get(Self.key) }
        #expect(start.elapsedMs < DynamoCaller.patienceMs + DynamoCaller.tryMs)
      }
    }
  }

  @Test func aClockThatIsWrongByMuchIsMadeUpFor() async throws {
    let refused = Mutex(0)
    try await withServer { router in
      router.post("/") { request in
        let signed = request.header("x-amz-date").flatMap { AmzDate.milliseconds($0) } ?? 0
        if abs(signed - wallClockMs()) < 900_000 {
          return Response(status: .ok, body: .bytes(Array(Self.found.utf8)))
        }
        refused.withLock { $0 += 1 }
        return Response(
          status: .badRequest, body: .bytes(Array(Self.refusal("InvalidSignatureException").utf8)))
      }
    } _: { server in
      let wrong: @Sendable () -> Int = { Int(wallClockMs() / 1_000) - 7_200 }
      try await withTable(port: Int(server.port), now: wrong) { table in
        for _ in 0..<3 {
          let item = try await table.get(Self.key)
          #expect(item != nil)
        }
      }
      #expect(refused.withLock { $0 } == 1)
    }
  }

  @Test func aPlaceThatCantBeAskedIsRefusedByItsName() throws {
    let variables = Self.variables(8000)
    #expect(try DynamoPlace([:]) == nil)
    func message(_ changes: [String: String?]) -> String {
      let changed = variables.merging(changes.compactMapValues { $0 }) { $1 }.filter {
        changes[$0.key] != .some(nil)
      }
      do {
        _ = try DynamoPlace(changed)
        return ""
      } catch { return "\(error)" }
    }
    #expect(message([:]) == "")
    for endpoint in ["https://dynamodb.example.test", "https://h:8443/", nil] {
      #expect(message(["AWS_ENDPOINT_URL_DYNAMODB": endpoint]) == "")
    }
    for endpoint in ["http://", "127.0.0.1:1", "http://h/path", "http://u@h", "ftp://h"] {
      #expect(
        message(["AWS_ENDPOINT_URL_DYNAMODB": endpoint])
          == "AWS_ENDPOINT_URL_DYNAMODB is '\(endpoint)': expected https://HOST or http://HOST:PORT")
    }
    #expect(message(["HEIGHTS_SESSIONS_TABLE": "ab"]).contains("a table's of 3 to 255 letters"))
    #expect(message(["AWS_REGION": nil]).contains("AWS_REGION is not set"))
  }
}
