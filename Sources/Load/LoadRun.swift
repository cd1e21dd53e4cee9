// A load run from beginning to end: look at the app, set up, make load, report.

import HeightsHTTP
import HeightsRuntime
import Workload

/// Open-loop load on a Heights app.
public struct LoadRun: Sendable {
  private static let flushMs = 100

  var options: LoadOptions

  /// Sends nothing, and looks at no option, before `run`.
  public init(_ options: LoadOptions) { self.options = options }

  /// Makes load and returns what came of it, with each visitor's session looked after at the end. A cancelled run ends
  /// early, with a report of what was until then and no look at the sessions.
  /// - Parameters:
  ///   - progress: told about each user that was set up, then once a second.
  ///   - observe: told of each request when it has ended, on the thread of a loop: it must be quick. Those of setting
  ///     up are not among them. Nothing is kept here, so a run of any length takes the same memory.
  ///   - shouldStop: asked ten times a second; true ends the run in order, before its time.
  /// - Throws: `LoadError`, and `CancellationError` when cancelled before load began.
  public func run(
    progress: @escaping @Sendable (LoadProgress) -> Void = { _ in },
    observe: @escaping @Sendable (LoadRequest) -> Void = { _ in },
    shouldStop: @escaping @Sendable () -> Bool = { false }
  ) async throws -> LoadReport {
    let watchers = Watchers(progress: progress, observe: observe, shouldStop: shouldStop)
    try options.validate()
    let endpoint = try Endpoint.target(options.target)
    let group = try EventLoopGroup(count: options.loopCount)
    let clients = makeClients(endpoint, group.loops)
    let result = await Result { () async throws in try await run(clients, watchers) }
    for client in clients { await client.close() }
    await group.shutdown()
    return try result.get()
  }

  /// Who is told what happens, and who says that it is enough.
  private struct Watchers: Sendable {
    let progress: @Sendable (LoadProgress) -> Void
    let observe: @Sendable (LoadRequest) -> Void
    let shouldStop: @Sendable () -> Bool
  }

  private func makeClients(_ endpoint: Endpoint, _ loops: [EventLoop]) -> [HTTPClient] {
    let settings = HTTPClient.Settings.visitors(
      connections: max(options.connectionLimit / loops.count, 1), waiting: options.inFlightLimit,
      timeoutMs: options.timeoutMs)
    return loops.map { HTTPClient(endpoint, on: $0, settings) }
  }

  private func findStage(_ client: HTTPClient) async throws -> Int {
    switch await client.send(SummitAPI.health) {
    case .failure(let failure): throw LoadError.unreachable(target: options.target, reason: failure.kind)
    case .success(let response):
      guard response.isSuccess, let stage = SummitAPI.stage(response.body) else {
        throw LoadError.unexpectedAnswer(
          request: "GET \(options.target)/healthz", expected: "200 and JSON with a stage",
          found: "\(response.status) and \(response.body.count) bytes")
      }
      return stage
    }
  }

  private func run(_ clients: [HTTPClient], _ watchers: Watchers) async throws -> LoadReport {
    let stage = try await findStage(clients[0])
    let history = try options.historyPath.map { try HistoryWriter(path: $0) }
    let social = history == nil ? options.workload : options.workload.withProbes
    let workload = stage == 1 ? Workload.launchPage : social
    let ledger = try LedgerWriter(path: options.ledgerPath)
    ledger.append(.run(target: options.target, seed: options.seed))
    let visitors = makeVisitors(clients, workload, ledger, history)
    if stage > 1 { try await populate(visitors, ledger, watchers.progress) }
    let generators = makeGenerators(visitors, workload, watchers)
    let begun = Deadline.now
    let tally = try await drive(generators, ledger, history, watchers)
    try ledger.close()
    try history?.flush()
    let elapsedSeconds = Double(begun.elapsedMicroseconds) / 1e6
    let sessions = stage > 1 && !Task.isCancelled ? await checkSessions(visitors) : nil
    return report(tally, stage, ledger, sessions, elapsedSeconds: elapsedSeconds)
  }

  private func populate(
    _ visitors: [Visitors], _ ledger: LedgerWriter, _ progress: @escaping @Sendable (LoadProgress) -> Void
  ) async throws {
    // Also when it fails: what was acknowledged until then stays acknowledged.
    defer { try? ledger.flush() }
    try await Population(visitors: visitors, users: options.users) { done, total in
      progress(.settingUp(done: done, total: total))
    }.make()
  }

  private func checkSessions(_ visitors: [Visitors]) async -> SessionReport {
    var all = SessionReport()
    for crowd in visitors { all.merge(await crowd.checkSessions()) }
    return all
  }

  private func makeVisitors(
    _ clients: [HTTPClient], _ workload: Workload, _ ledger: LedgerWriter, _ history: HistoryWriter?
  ) -> [Visitors] {
    // 36^8 names to begin with, so that runs against the same app don't meet.
    let run = String(UInt64.random(in: 78_364_164_096..<2_821_109_907_456), radix: 36)
    return clients.enumerated().map { index, client in
      let crowd = Crowd(
        namePrefix: "v\(run)\(index == 0 ? "a" : "b")", popularityExponent: workload.popularityExponent,
        random: SeededRandom(seed: options.seed, part: 3 * index))
      return Visitors(crowd, client: client, ledger: ledger, history: history)
    }
  }

  private func makeGenerators(
    _ visitors: [Visitors], _ workload: Workload, _ watchers: Watchers
  ) -> [Generator] {
    visitors.enumerated().map { index, crowd in
      let arrivals = Arrivals(
        ratePerSecond: options.ratePerSecond / Double(visitors.count), spacing: options.spacing,
        offset: Double(index) / Double(visitors.count),
        random: SeededRandom(seed: options.seed, part: 3 * index + 1))
      let openLoop = OpenLoop(
        arrivals, durationNs: UInt64(options.durationSeconds * 1e9),
        inFlightLimit: options.inFlightLimit / visitors.count)
      return Generator(
        openLoop, crowd, mix: ActionMix(workload),
        random: SeededRandom(seed: options.seed, part: 3 * index + 2), observe: watchers.observe)
    }
  }

  /// Runs the generators, and beside them what happens ten times and once a second.
  private func drive(
    _ generators: [Generator], _ ledger: LedgerWriter, _ history: HistoryWriter?, _ watchers: Watchers
  ) async throws -> Tally {
    let reporter = Task { try await flushAndReport(generators, ledger, history, watchers) }
    await withTaskCancellationHandler {
      await withTaskGroup(of: Void.self) { tasks in
        for generator in generators { tasks.addTask { await generator.run() } }
      }
    } onCancel: {
      for generator in generators { Task { await generator.stop() } }
    }
    reporter.cancel()
    var tally = try await reporter.value
    for generator in generators { tally.merge(await generator.takeTally()) }
    return tally
  }

  /// Until cancelled. A ledger that can't be written ends the run: its figures would prove nothing.
  private func flushAndReport(
    _ generators: [Generator], _ ledger: LedgerWriter, _ history: HistoryWriter?, _ watchers: Watchers
  ) async throws -> Tally {
    var all = Tally()
    let begun = Deadline.now
    var secondsTold = 0
    while !Task.isCancelled {
      try? await Task.sleep(for: .milliseconds(Self.flushMs))
      do {
        try ledger.flush()
        try history?.flush()
      } catch {
        for generator in generators { await generator.stop() }
        throw error
      }
      if watchers.shouldStop() { for generator in generators { await generator.stop() } }
      // By the clock: on a busy machine a pause takes longer than it was meant to.
      let seconds = begun.elapsedMs / 1_000
      guard seconds > secondsTold else { continue }
      secondsTold = seconds
      var second = Tally()
      var inFlight = 0
      for generator in generators {
        second.merge(await generator.takeTally())
        inFlight += await generator.inFlight
      }
      all.merge(second)
      watchers.progress(.second(describe(second, seconds, inFlight)))
    }
    return all
  }

  private func describe(_ tally: Tally, _ second: Int, _ inFlight: Int) -> LoadSecond {
    let latency = tally.latency
    return LoadSecond(
      second: second, durationSeconds: options.durationSeconds, succeeded: tally.succeeded,
      failed: tally.failed,
      shed: tally.shed, inFlight: inFlight, p50Ms: Double(latency.percentile(50)) / 1_000,
      p99Ms: Double(latency.percentile(99)) / 1_000)
  }

  private func report(
    _ tally: Tally, _ stage: Int, _ ledger: LedgerWriter, _ sessions: SessionReport?, elapsedSeconds: Double
  ) -> LoadReport {
    let actions = tally.actions.map { action, tally in
      let latency = LatencySummary(tally.latency)
      return (
        action.rawValue, ActionReport(succeeded: tally.succeeded, failed: tally.failed, latency: latency)
      )
    }
    return LoadReport(
      target: options.target, stage: stage, seed: options.seed, ratePerSecond: options.ratePerSecond,
      durationSeconds: options.durationSeconds, users: stage > 1 ? options.users : 0,
      wasInterrupted: Task.isCancelled, due: tally.succeeded + tally.failed + tally.shed,
      succeeded: tally.succeeded, failed: tally.failed, shed: tally.shed,
      succeededPerSecond: elapsedSeconds > 0 ? Double(tally.succeeded) / elapsedSeconds : 0,
      latency: LatencySummary(tally.latency), generatorDelay: LatencySummary(tally.delay),
      actions: Dictionary(uniqueKeysWithValues: actions), errors: tally.errors,
      acknowledgedWrites: ledger.acknowledgedWrites, ledgerPath: options.ledgerPath, sessions: sessions)
  }
}
