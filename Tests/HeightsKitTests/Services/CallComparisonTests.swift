// While a service is both here and elsewhere, what either side does is counted; otherwise nothing is.

import Synchronization
import TestSupport
import Testing

@testable import HeightsKit

@Suite struct CallComparisonTests {
  /// What was counted after `body`, of a service that is done here and of whose calls a share goes elsewhere.
  private func counts(
    share: Int, _ body: @escaping @Sendable (EchoClient) async throws -> Void
  ) async throws -> [CallComparison.Side: CallComparison.Counts] {
    let counted = Mutex<[CallComparison.Side: CallComparison.Counts]>([:])
    try await withEcho(share: share, asAll: true) { echo, _ in
      try await body(echo)
      let seen = try #require(echo.route.near?.comparison.counts)
      counted.withLock { $0 = seen }
    }
    return counted.withLock { $0 }
  }

  @Test func bothSidesAreCounted() async throws {
    let counts = try await counts(share: 512) { echo in
      for _ in 0..<400 { try await echo.nothing() }
    }
    // By chance all of 400 calls are on one side: once in 10^120 runs.
    for side in CallComparison.Side.allCases {
      let one = try #require(counts[side])
      #expect(one.begun > 0 && one.failed == 0)
      #expect(Self.ended(one) == one.begun)
    }
    #expect(counts.values.reduce(0) { $0 + $1.begun } == 400, "where half goes, what stays is counted too")
  }

  @Test(arguments: [("own", false), ("problem", false), ("busy", false), ("otherwise", true)])
  func aFaultOfTheServiceIsAFailureOnEitherSide(how: String, isFault: Bool) async throws {
    let counts = try await counts(share: 512) { echo in
      for _ in 0..<400 { await #expect(throws: (any Error).self) { try await echo.fails(how) } }
    }
    for side in CallComparison.Side.allCases {
      let one = try #require(counts[side])
      #expect(one.failed == (isFault ? one.begun : 0), "\(side)")
      #expect(Self.ended(one) == one.begun)
    }
  }

  @Test func ofAShareOfAllNothingStaysAndOfNoneNothingGoes() async throws {
    @Sendable func call(_ echo: EchoClient) async throws { for _ in 0..<400 { try await echo.nothing() } }
    let all = try await counts(share: 1_024, call)
    #expect(all[.here] == nil && all[.elsewhere]?.begun == 400)
    let none = try await counts(share: 0, call)
    #expect(none[.elsewhere] == nil)
    #expect((1..<200).contains(none[.here]?.begun ?? 0))
  }

  @Test func whatIsNowhereElseIsNotCounted() async throws {
    try await withContext { context in
      let echo = try await context.service(EchoClient.self) { EchoWork() }
      for _ in 0..<100 { try await echo.nothing() }
      #expect(echo.route.near?.comparison.counts.isEmpty == true)
      var text = MetricsText()
      await context.services.writeMetrics(to: &text)
      #expect(text.text.isEmpty)
    }
  }

  @Test(arguments: [
    (elsewhere: -1, carried: 128), (0, 128), (10, 10 + 127), (102, 102 + 116), (128, 256), (300, 600),
    (512, 1_024),
    (1_000, 1_024), (1_024, 1_024), (2_000, 1_024),
  ])
  func oneInEightOfWhatStaysIsComparedOrAsManyAsGo(elsewhere: Int, carried: Int) {
    let shares = CallShares(elsewhere: elsewhere, isCompared: true)
    #expect(shares.carried == carried)
    #expect(CallShares(packed: shares.packed).carried == carried)
    #expect(CallShares(packed: shares.packed).elsewhere == min(max(elsewhere, 0), 1_024))
    #expect(CallShares(elsewhere: elsewhere, isCompared: false).carried == shares.elsewhere)
  }

  private static func ended(_ counts: CallComparison.Counts) -> Int {
    var text = MetricsText()
    text.durations("d", [], counts.durations)
    let line = text.text.split(separator: "\n").first { $0.hasPrefix("d_count ") }
    return line.flatMap { Int($0.dropFirst("d_count ".count)) } ?? -1
  }
}
