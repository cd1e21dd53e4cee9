// The lab that runs in an app's folder, as a climb sees it.

import Contract
import Glibc
import Lab
import Placement

struct RunningLab: ClimbLab {
  /// The list of a large waitlist may take a while.
  private static let adminLimitMs = 60_000
  private static let busyPauseUs: UInt32 = 50_000

  let folder: AppFolder

  func view() throws -> LabView {
    let snapshot = try ControlClient(folder).send(.status)
    return LabView(
      stage: snapshot.stage.number, openDoors: snapshot.openDoors, processes: snapshot.processes,
      addresses: snapshot.addresses, ports: snapshot.ports,
      listensOnPort: snapshot.listensOnPort)
  }

  func placement() throws -> Placement? { try folder.readPlacement() }

  /// Waits while the lab is busy: a climb that was killed may have left it in the middle of what it asked for.
  func send(_ request: ControlRequest, _ say: StepVoice) throws {
    let end = ContinuousClock.now + .milliseconds(ControlClient.limitMs)
    var isWaiting = false
    while true {
      do throws(LabError) {
        try ControlClient(folder).send(request, progress: { say($0) })
        return
      } catch {
        guard case .remote("busy", let message) = error, ContinuousClock.now < end else { throw error }
        if !isWaiting { say("waiting: \(message)") }
        isWaiting = true
        usleep(Self.busyPauseUs)
      }
    }
  }

  func get(_ role: Role, _ path: String) throws -> AdminClient.Answer {
    try AdminClient(folder.adminSocket(of: role)).get(path, limitMs: Self.limitMs(path))
  }

  func get(process: String, _ path: String) throws -> AdminClient.Answer {
    try AdminClient(folder.adminSocket(ofProcess: process)).get(path, limitMs: Self.limitMs(path))
  }

  func post(_ role: Role, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
    try AdminClient(folder.adminSocket(of: role)).post(path, body: body, limitMs: Self.adminLimitMs)
  }

  func post(process: String, _ path: String) throws -> AdminClient.Answer {
    try AdminClient(folder.adminSocket(ofProcess: process)).post(path, body: [], limitMs: Self.adminLimitMs)
  }

  /// Who asks whether a process lives waits a second: the kernel connects even to a process that hangs.
  private static func limitMs(_ path: String) -> Int {
    path == AdminPath.waitlist ? adminLimitMs : 1000
  }
}
