// Changing where everything is, and seeing to it that every process of the app goes by it.

import Foundation
import Glibc
import Lab

enum Placements {
  private static let pauseUs: UInt32 = 20_000
  private static let patienceMs = 60_000

  /// Changes the placement, and returns when every process of the app goes by it.
  static func change(
    _ lab: any ClimbLab, _ say: StepVoice, _ change: (inout Placement) throws -> Void
  ) throws {
    let current = try lab.placement() ?? Placement(epoch: 0)
    var next = current
    try change(&next)
    if next != current {
      next.epoch = current.epoch + 1
      try lab.send(.setPlacement(next.text, ifEpoch: current.epoch), say)
    }
    try waitUntilAdopted(next.epoch, lab)
  }

  private struct Adopted: Decodable { let epoch: Int }

  /// A process that is about to start reads the newest.
  private static func waitUntilAdopted(_ epoch: Int, _ lab: any ClimbLab) throws {
    let end = ContinuousClock.now + .milliseconds(patienceMs)
    for process in try lab.view().processes.filter({ $0.isApp && $0.pid != nil }).map(\.name) {
      while true {
        guard let answer = try? lab.get(process: process, "/placement"), answer.status == 200 else { break }
        if try JSONDecoder().decode(Adopted.self, from: Data(answer.body)).epoch >= epoch { break }
        guard ContinuousClock.now < end else {
          throw ClimbError.notSo("\(process) goes by epoch \(epoch) of the placement; its log says why")
        }
        usleep(pauseUs)
      }
    }
  }
}
