// The lab that runs in an app's folder, as a climb sees it.

import Contract
import Glibc
import Lab
import Placement

struct RunningLab: Provider {
  /// The list of a large waitlist may take a while.
  private static let adminLimitMs = 60_000
  private static let busyPauseUs: UInt32 = 50_000

  let folder: AppFolder

  func view() throws -> ProviderView {
    let snapshot = try ControlClient(folder).send(.status)
    return ProviderView(
      level: snapshot.level, openDoors: snapshot.openDoors, processes: snapshot.processes,
      addresses: snapshot.addresses, ports: snapshot.ports, callerKeys: snapshot.callerKeys ?? [:],
      listensOnPort: snapshot.listensOnPort)
  }

  func placement() throws -> Placement? { try folder.readPlacement() }

  func carryOut(_ order: Order, _ say: StepVoice) throws { try send(try order.request, say) }

  /// Waits while the lab is busy: a climb that was killed may have left it in the middle of what it asked for.
  private func send(_ request: ControlRequest, _ say: StepVoice) throws {
    let end = ContinuousClock.now + .milliseconds(ControlClient.limitMs)
    var isWaiting = false
    while true {
      do throws(LabError) {
        try ControlClient(folder).send(request, progress: { say($0) })
        return
      } catch {
        guard error.mayRetry, ContinuousClock.now < end else { throw error }
        if !isWaiting { say("waiting: \(error)") }
        isWaiting = true
        usleep(Self.busyPauseUs)
      }
    }
  }

  func show(_ trial: LabSnapshot.Trial) {
    _ = try? ControlClient(folder).send(.noteTrial(trial), limitMs: ControlClient.showLimitMs)
  }

  func get(_ process: String, _ path: String) throws -> AdminClient.Answer {
    try AdminClient(folder.adminSocket(ofProcess: process)).get(path, limitMs: Self.limitMs(path))
  }

  func post(_ process: String, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
    try AdminClient(folder.adminSocket(ofProcess: process)).post(path, body: body, limitMs: Self.adminLimitMs)
  }

  /// Who asks whether a process lives waits a second: the kernel connects even to a process that hangs.
  private static func limitMs(_ path: String) -> Int {
    path == AdminPath.waitlist ? adminLimitMs : 1000
  }
}

extension Order {
  /// How the lab is asked for it.
  fileprivate var request: ControlRequest {
    get throws {
      switch self {
      case .start(let hosts, let level): .startHosts(hosts, level)
      case .stop(let host): .stopHost(host)
      case .lead(let host): .switchover(to: host)
      case .launch(let role, let frontDoor): .launchProcess(role: role, frontDoor: frontDoor)
      case .openDoor(let role): .openFrontDoor(role: role)
      case .drain(let role): .drain(role: role)
      case .retire(let role): .retire(role: role)
      case .record(let level): .setLevel(level)
      case .place(let placement, let epoch):
        .setPlacement(String(decoding: try placement.json, as: UTF8.self), ifEpoch: epoch)
      }
    }
  }
}
