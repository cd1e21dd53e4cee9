// Vertical scaling: the same data and the same sockets under a process of another size.

import Contract
import Topology

extension Lab {
  /// Drains the app, starts it anew on the same data as another instance type or with a larger disk. Connections
  /// made meanwhile wait in the sockets' queues. When the new process does not become ready, the old size comes
  /// back and the error says so.
  func resize(type: String?, diskBytes: Int?, _ progress: Progress) throws(LabError) {
    let before = currentState
    let after = try Self.resized(before, type: type, diskBytes: diskBytes)
    if after == before { return progress("the instance is already so") }
    func say(_ text: String) {
      progress(text)
      tell(text)
    }
    say("draining the app")
    drainForRestart(.app, say)
    try stop(.app)
    try apply(after)
    say("starting on \(after.instanceType) with a disk of \(Bytes.text(after.diskBytes))")
    do throws(LabError) {
      try startAgain()
    } catch {
      if error == .stopping { throw error }
      say("going back to \(before.instanceType)")
      try stop(.app)
      try apply(before)
      try startAgain()
      throw .resizeUndone(type: before.instanceType, reason: error.description)
    }
    say("the app serves on \(after.instanceType)")
  }

  private static func resized(
    _ state: LabState, type: String?, diskBytes: Int?
  ) throws(LabError) -> LabState {
    if state.stage == .launchPage { throw .noInstance(stage: 1) }
    if !state.openDoors.contains(.app) { throw .notAtStage(what: "resize", stage: state.stage.number) }
    var state = state
    if let type {
      guard InstanceType.named(type) != nil else { throw .unknownInstanceType(type) }
      state.instanceType = type
    }
    if let diskBytes {
      if diskBytes < state.diskBytes {
        throw .diskTooSmall(askedBytes: diskBytes, currentBytes: state.diskBytes)
      }
      if diskBytes > InstanceType.maximumDiskBytes {
        throw .diskTooLarge(askedBytes: diskBytes, maximumBytes: InstanceType.maximumDiskBytes)
      }
      state.diskBytes = diskBytes
    }
    return state
  }

  private func apply(_ size: LabState) throws(LabError) {
    try update { state in
      state.instanceType = size.instanceType
      state.diskBytes = size.diskBytes
    }
  }

  /// A process that can't drain is ended all the same: SIGTERM makes it answer what it has.
  func drainForRestart(_ role: Role, _ say: (String) -> Void) {
    do {
      let answer = try AdminClient(folder.adminSocket(of: role)).post(
        AdminPath.drain, limitMs: Self.drainLimitMs)
      say(
        answer.status < 300 ? Self.outcome(ofDrain: answer) : "the drain ended with status \(answer.status)")
    } catch {
      say("\(role.rawValue) could not be drained (\(error)); stopping it anyway")
    }
  }

  private func startAgain() throws(LabError) {
    supervisor?.want(Role.app.rawValue, zone: Self.firstZone)
    try waitUntilReady(Role.app.rawValue)
  }
}
