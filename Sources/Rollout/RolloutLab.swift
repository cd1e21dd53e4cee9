// Who runs the app that a release is brought into: the lab, and in tests one that fails on purpose.

import Contract
import Glibc
import Lab
import Policies

/// What a rollout may have done, and ask. Each may be repeated: what is already so is left so.
protocol RolloutLab: Sendable {
  func app() throws -> RolledApp
  /// These processes run the release from now on. Done when all are ready.
  func run(_ number: Int, on processes: [String], _ say: (String) -> Void) throws
  /// The release is the app's from now on.
  func settle(_ number: Int) throws
  /// Shows people how a batch does. Nothing goes by it: that nobody hears of it is no fault.
  func show(_ trial: LabSnapshot.Trial)
  /// What was on its way is given up.
  func drop(fault: String?) throws
  /// What was counted of each of the app's processes since something that only counts on; without those of which nobody tells.
  func counts() -> [String: AnswerCounts]
  /// Those of a release.
  func migrations(of number: Int) -> MigrationReview.Files
  func pause(ms: Int)
}

/// The lab that runs in an app's folder.
struct RolledLab: RolloutLab {
  private static let metricsLimitMs = 1_000
  private static let busyPauseUs: UInt32 = 50_000

  let folder: AppFolder

  func app() throws -> RolledApp {
    let manifest = try Manifest.load(folder: folder.path)
    return RolledApp(try ControlClient(folder).send(.status), manifest)
  }

  func run(_ number: Int, on processes: [String], _ say: (String) -> Void) throws {
    try send(.runRelease(number, processes: processes), say)
  }

  func settle(_ number: Int) throws { try send(.settleRelease(number)) }
  func show(_ trial: LabSnapshot.Trial) {
    _ = try? ControlClient(folder).send(.noteTrial(trial), limitMs: ControlClient.showLimitMs)
  }
  func drop(fault: String?) throws { try send(.dropRelease(fault: fault)) }

  /// - Returns: the number of the release.
  func add(from path: String) throws -> Int? { try send(.addRelease(from: path)).releases?.taken }

  /// Waits while the lab is busy: a deploy that was killed may have left it in the middle of what it asked for.
  @discardableResult
  private func send(_ request: ControlRequest, _ say: (String) -> Void = { _ in }) throws -> LabSnapshot {
    let end = ContinuousClock.now + .milliseconds(ControlClient.limitMs)
    while true {
      do throws(LabError) {
        return try ControlClient(folder).send(request, progress: say)
      } catch {
        guard error.mayRetry, ContinuousClock.now < end else { throw error }
        usleep(Self.busyPauseUs)
      }
    }
  }

  /// Balancers know of a request that was never answered; only the processes know how long each took.
  func counts() -> [String: AnswerCounts] {
    guard let lab = try? ControlClient(folder).send(.status) else { return [:] }
    var counts = folder.answers(countedIn: lab)
    for process in lab.processes where process.runsApp && process.pid != nil {
      let admin = AdminClient(folder.adminSocket(ofProcess: process.name))
      guard let answer = try? admin.get(AdminPath.metrics, limitMs: Self.metricsLimitMs),
        answer.status == 200, let own = AnswerCounts(metrics: answer.text)
      else { continue }
      counts[process.name] = counts[process.name]?.timed(by: own) ?? own
    }
    return counts
  }

  func migrations(of number: Int) -> MigrationReview.Files {
    MigrationReview.files(in: "\(folder.release(number))/\(Manifest.migrations)")
  }

  func pause(ms: Int) { usleep(UInt32(ms) * 1_000) }
}

extension RolledApp {
  /// - Parameter manifest: tells who calls whom.
  init(_ lab: LabSnapshot, _ manifest: Manifest) {
    let tiers = lab.topology.services
    var instances: [String: [Instance]] = [:]
    for process in lab.processes where process.runsApp {
      // `server-a2` is the second of `server-a`. Where one process is all of the app, it is every service's.
      let server = process.host.map { String($0.reversed().drop(while: \.isNumber).reversed()) }
      let tier = tiers.first { tier in tier.members.contains { $0.server == server } }
      instances[process.worker ?? tier?.title ?? manifest.service.name, default: []].append(
        Instance(
          name: process.name, zone: process.zone, isReady: process.health == .ready,
          restarts: process.restarts))
    }
    let known = manifest.calledFirst
    services = (known + instances.keys.filter { !known.contains($0) }.sorted()).compactMap { name in
      instances[name].map { Service(name: name, instances: $0) }
    }
    releases = lab.releases ?? ReleaseBook()
  }
}

extension LabSnapshot.Process {
  fileprivate var runsApp: Bool { isApp || worker != nil || kind == .launchPage }
}

extension Manifest {
  /// The services by name, each after those that it calls. (None calls itself, be it through others: that is checked.)
  fileprivate var calledFirst: [String] {
    var order: [String] = []
    func add(_ name: String) {
      guard !order.contains(name), let service = services.first(where: { $0.name == name }) else { return }
      for called in service.calls { add(called) }
      order.append(name)
    }
    for service in services { add(service.name) }
    return order
  }
}

extension AnswerCounts {
  /// Those who ask whether a server is well are not people.
  private static let checks = [AdminPath.ready, AdminPath.alive]

  /// Reads Prometheus' text format: `http_requests_total` by status, and the histogram `http_request_duration_seconds`. Nil when there
  /// is neither.
  init?(metrics text: String) {
    self.init()
    var byBound: [Double: Double] = [:]
    var isThere = false
    for sample in PrometheusSample.parse(text) {
      if let route = sample.labels["route"], Self.checks.contains(route) { continue }
      switch sample.name {
      case "http_requests_total":
        isThere = true
        total += sample.value
        if let status = sample.labels["status"].flatMap({ Int($0) }), status >= 500 { failed += sample.value }
      case "http_request_duration_seconds_count": timed += sample.value
      case "http_request_duration_seconds_bucket":
        guard let bound = sample.labels["le"].flatMap({ Double($0) }), bound.isFinite else { continue }
        byBound[bound, default: 0] += sample.value
      default: continue
      }
    }
    if !isThere { return nil }
    buckets = byBound.sorted { $0.key < $1.key }.map { Bucket(upToSeconds: $0.key, count: $0.value) }
  }

  /// The same numbers with the times that another has counted.
  fileprivate func timed(by other: AnswerCounts) -> AnswerCounts {
    AnswerCounts(total: total, failed: failed, timed: other.timed, buckets: other.buckets)
  }
}
