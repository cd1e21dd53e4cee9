// A call gives the same wherever the service is: results, errors, and what the request is bound by.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import HeightsHTTP
@testable import HeightsKit

@Suite struct ServiceTests {
  enum Way: CaseIterable { case here, checked, elsewhere }

  /// Runs `body` with a client that goes that way.
  private func withEcho(_ way: Way, _ body: @escaping @Sendable (any Echo) async throws -> Void) async throws
  {
    if way == .elsewhere { return try await HeightsKitTests.withEcho { client, _ in try await body(client) } }
    try await withContext(way == .checked ? ["HEIGHTS_CALLS": "checked"] : [:]) { context in
      try await body(context.service(EchoClient.self) { EchoWork() })
    }
  }

  @Test(arguments: Way.allCases) func resultsAreTheSameWhereverTheServiceIs(_ way: Way) async throws {
    try await withEcho(way) { echo in
      #expect(
        try await echo.said(Words(text: "höhe\u{1F3D4}\"\n", times: 2))?.text
          == "höhe\u{1F3D4}\"\nhöhe\u{1F3D4}\"\n")
      #expect(try await echo.said(Words(text: "")) == nil)
      try await echo.nothing()
      #expect(try await String(decoding: echo.page(), as: UTF8.self) == #"{"made": "by hand"}"#)
    }
  }

  @Test(arguments: Way.allCases) func errorsAreTheSameWhereverTheServiceIs(_ way: Way) async throws {
    try await withEcho(way) { echo in
      await #expect(throws: EchoError.mumbled) { try await echo.fails("own") }
      await #expect(throws: Problem.invalid([Problem.Field("words", "Speak up.")])) {
        try await echo.fails("problem")
      }
      await #expect(
        throws: Problem(.tooManyRequests, title: "Slower", detail: "Wait.", retryAfterSeconds: 7)
      ) { try await echo.fails("busy") }
    }
  }

  @Test(arguments: [Way.checked, .elsewhere]) func whatIsNoPartOfTheInterfaceIsToldAsAProblem(_ way: Way)
    async throws
  {
    try await withEcho(way) { echo in
      await #expect(throws: Problem.overloaded) { try await echo.fails("convertible") }
    }
  }

  /// Another program than the one that was meant, or another name: it would answer all calls with 404.
  @Test func aProcessThatIsNotTheServiceItIsStartedAsSaysSo() async throws {
    try await withFolder { folder in
      let places = try EchoPlaces(folder)
      var document = places.document(9, epoch: 1)
      // One that calls others is none that people come to either.
      document.keys["echo"] = document.keys["web"]
      try document.write(to: places.placement)
      func start(as service: String) async throws {
        let process = try await AppProcess(Environment(places.variables(service, service: service))) { _ in
          Routes()
        }
        _ = try await process.end()
      }
      try await start(as: "web")
      var told = await #expect(throws: EnvironmentError.self) { try await start(as: "echo") }
      #expect(
        told?.description.hasPrefix("HEIGHTS_SERVICE is 'echo', which this program does not make") == true)
      told = await #expect(throws: EnvironmentError.self) { try await start(as: "ekho") }
      #expect(told?.description == "HEIGHTS_SERVICE is 'ekho': expected one of echo, web")
    }
  }

  @Test func anErrorThatNobodyExpectedIsAnInternalError() async throws {
    try await HeightsKitTests.withEcho { echo, _ in
      let error = await #expect(throws: Problem.self) { try await echo.fails("otherwise") }
      #expect(error?.status.code == 500)
    }
  }

  @Test func theRequestGoesAlongAndComesBack() async throws {
    try await HeightsKitTests.withEcho { echo, _ in
      let seen = SeenPositions()
      seen.hasWritten(LogPosition(bytes: 11), on: 2, of: 4)
      let (told, own) = try await asRequest(due: .afterMs(5_000), seen: seen) {
        (try await echo.context(), try #require(CurrentRequest.context))
      }
      #expect((1...4_995).contains(told.leftMs), "what is left, less a margin: \(told.leftMs)")
      #expect(told.traceID == own.trace.traceID)
      #expect(![0, own.trace.span].contains(told.parentSpan), "an attempt is a span of its own")
      let positions = SeenPositions(cookie: told.positions)
      #expect(positions.token(of: 4)?.position == LogPosition(bytes: 11))
      #expect(seen.token(of: 5)?.position == LogPosition(bytes: 77), "what the service has written")
      #expect(seen.token(of: 4)?.position == LogPosition(bytes: 11))
      #expect(!told.isRepeated)
    }
  }

  @Test func aCallOrArgumentsThatAnOlderServiceDoesNotKnowDidNotHappen() async throws {
    struct Other: Codable { let word: String }
    try await HeightsKitTests.withEcho { echo, _ in
      for (call, arguments) in [("shout", Other(word: "a")), ("said", Other(word: "a"))] {
        let error = await #expect(throws: CallError.self) {
          try await echo.route.call(call, arguments, .once)
        }
        #expect(error?.effect == .didNotHappen)
      }
    }
  }

  @Test(arguments: ["9223372036854775807", "-1", "99999999999999999999", "x", "3600001"])
  func aDeadlineThatIsNoneChangesNothing(_ text: String) async throws {
    try await withServer { router in
      router.get("/") { request in
        request.takeCallContext()
        return .text(String(request.deadline.remainingMs > 1_000))
      }
    } _: { server in
      let answer = try await server.request("GET", "/", [("Heights-Deadline-Ms", text)])
      #expect(answer.text == "true")
    }
  }

  @Test func aCallWithoutTimeLeftIsNotSent() async throws {
    try await HeightsKitTests.withEcho { echo, _ in
      let error = await #expect(throws: CallError.self) {
        try await asRequest(due: .afterMs(5)) { try await echo.nothing() }
      }
      #expect(error?.effect == .didNotHappen)
    }
  }

  @Test func aShareOfTheCallsGoesElsewhere() async throws {
    let elsewhere = Counter()
    let counting = CountingEcho { if CurrentRequest.context != nil { elsewhere.add() } }
    try await HeightsKitTests.withEcho(counting, share: 512, asAll: true) { echo, _ in
      for _ in 0..<64 { try await echo.nothing() }
    }
    // A request is there only where HTTP has brought one. All or nothing by chance: once in 2^63 runs.
    #expect((1..<64).contains(elsewhere.value))
  }

  @Test func whoeverIsNotACallerIsRefusedAndNothingHappens() async throws {
    try await HeightsKitTests.withEcho(callers: []) { echo, _ in
      let error = await #expect(throws: CallError.self) { try await echo.nothing() }
      #expect(error?.effect == .didNotHappen)
      #expect(error?.reason.contains("403") == true)
    }
  }

  @Test func theDoorOfAServiceAnswersServicesAlone() async throws {
    try await HeightsKitTests.withEcho { _, port in
      func status(_ method: String, _ path: String, _ headers: [(String, String)] = []) async throws -> Int {
        try await blocking {
          let client = try RawClient(port: port)
          client.send(
            RawRequest.bytes(method, path, headers, body: method == "POST" ? Array("{}".utf8) : nil))
          return try client.response().status
        }
      }
      #expect(try await status("GET", "/healthz") == 200)
      #expect(try await status("GET", "/secret") == 404)
      #expect(try await status("POST", "/services/echo/nothing") == 401)
      var statuses: [Int] = []
      for wrong in [
        "Bearer ", "Bearer a.b.c", "Basic YTpi", "Bearer " + String(repeating: "x", count: 4_000),
      ] {
        statuses.append(try await status("POST", "/services/echo/nothing", [("Authorization", wrong)]))
      }
      #expect(statuses == [401, 401, 401, 401])
    }
  }
}

/// Says when it is asked.
private struct CountingEcho: Echo {
  let asked: @Sendable () -> Void

  func said(_ words: Words) async throws -> Words? { words }
  func nothing() async throws { asked() }
  func page() async throws -> [UInt8] { [] }
  func fails(_ how: String) async throws {}
  func context() async throws -> Seen { try await EchoWork().context() }
}

/// Counts from any thread.
final class Counter: Sendable {
  private let count = Atomic<Int>(0)
  func add() { count.add(1, ordering: .relaxed) }
  var value: Int { count.load(ordering: .relaxed) }
}
