// Changing where everything is, and seeing to it that every process of the app goes by it.

import Contract
import Foundation
import Glibc
import Lab
import Placement

enum Placements {
  private static let pauseUs: UInt32 = 20_000

  /// Changes the placement, and returns when every process of the app goes by it.
  static func change(
    _ lab: any Provider, _ say: StepVoice, _ change: (inout Placement) throws -> Void
  ) throws {
    let current = try lab.placement() ?? .local
    var changed = current
    try change(&changed)
    if changed != current {
      changed = current.next { [changed] in $0 = changed }
      try lab.carryOut(.place(changed, ifEpoch: current.epoch), say)
    }
    try waitUntilAdopted(changed.epoch, lab)
  }

  /// Every process that runs once the placement is written says that it goes by it, or is seen to have ended: one that
  /// starts later reads the newest. One that does not answer may stand still, and would go by the old one when it goes on.
  private static func waitUntilAdopted(_ epoch: Int, _ lab: any Provider) throws {
    let end = ContinuousClock.now + .milliseconds(lab.adoptionMs)
    let view = try lab.view()
    // An app that has no admin socket knows of no placement: it goes by the variables that it was started with.
    if view.listensOnPort { return }
    for process in view.processes where process.isApp && process.pid != nil {
      while try !hasAdopted(epoch, process.name, lab), isRunning(process, lab) {
        guard ContinuousClock.now < end else {
          throw ClimbError.notSo(
            "\(process.name) goes by epoch \(epoch) of the placement; it does not say so, and it has not ended: its log says why"
          )
        }
        usleep(pauseUs)
      }
    }
  }

  private static func hasAdopted(_ epoch: Int, _ process: String, _ lab: any Provider) throws -> Bool {
    guard let answer = try? lab.get(process, AdminPath.placement), answer.status == 200 else {
      return false
    }
    return try JSONDecoder().decode(AdminAnswer.Adopted.self, from: Data(answer.body)).epoch >= epoch
  }

  /// The same process, not one that was started in its place. While the supervisor does not answer nobody has seen it end.
  private static func isRunning(_ process: LabSnapshot.Process, _ lab: any Provider) -> Bool {
    guard let view = try? lab.view() else { return true }
    return view.processes.contains { $0.name == process.name && $0.pid == process.pid }
  }
}
