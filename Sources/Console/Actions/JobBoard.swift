// Runs what the page asks for, one job of each lane at a time, and knows how it goes.

import Foundation
import HeightsHTTP
import Lab
import Synchronization

final class JobBoard: Sendable {
  private struct Running {
    let command: SideCommand
    var output = ToolOutput()
  }

  private struct State {
    /// The last of each lane.
    var jobs: [Job.Lane: Job] = [:]
    var running: [Job.Lane: Running] = [:]
    var lastID = 0
  }

  private let folder: AppFolder
  private let program: String
  private let state = Mutex(State())

  init(folder: AppFolder, program: String) {
    self.folder = folder
    self.program = program
  }

  /// In the order in which they were begun.
  var jobs: [Job] { state.withLock { $0.jobs.values.sorted { $0.id < $1.id } } }

  // MARK: Commands

  /// Starts `heights` with these words.
  /// - Throws: `Problem`: 409 when a job of the lane runs, 500 when the program can't be started.
  func start(_ words: [String], as title: String, lane: Job.Lane) throws {
    try begin(title, lane)
    do throws(LabError) {
      let command = try SideCommand(
        program, words + ["--app", folder.path, "--json"], name: "console-\(lane.rawValue)", in: folder)
      state.withLock { $0.running[lane] = Running(command: command) }
    } catch {
      end(lane, [.line(error.description)], hasSucceeded: false)
      throw Problem(
        .internalServerError, title: "The program could not be started", detail: error.description)
    }
  }

  /// Asks a command to end, as Ctrl-C would.
  /// - Throws: `Problem` (409) when there is nothing to stop.
  func stop(_ lane: Job.Lane) throws {
    guard let command = state.withLock({ $0.running[lane]?.command }) else {
      throw Problem(.conflict, title: "Nothing to stop", detail: "No \(lane.rawValue) job runs.")
    }
    command.interrupt()
  }

  func stopAll() {
    for running in state.withLock({ $0.running }).values { running.command.interrupt() }
  }

  /// Takes in what commands have said since, and which have ended. Reads files; one caller at a time.
  func readOutput() {
    for lane in Job.Lane.allCases {
      // Asked first: what it says after its end is nothing.
      let hasSucceeded = state.withLock { $0.running[lane]?.command.hasSucceeded }
      while takeOutput(of: lane) {}
      if let hasSucceeded { end(lane, [], hasSucceeded: hasSucceeded) }
    }
  }

  /// Whether there was some.
  private func takeOutput(of lane: Job.Lane) -> Bool {
    guard let running = state.withLock({ $0.running[lane] }) else { return false }
    let bytes = running.command.output(after: running.output.readBytes)
    state.withLock { state in
      for part in state.running[lane]?.output.take(bytes) ?? [] { state.jobs[lane]?.add(part) }
    }
    return !bytes.isEmpty
  }

  // MARK: Operations

  /// Asks the lab for something, over its socket: it may take a while.
  /// - Throws: `Problem` (409) when it does something else that was asked for here.
  func start(_ request: ControlRequest, as title: String) throws {
    try begin(title, .operation)
    Thread.detachNewThread { [self] in
      do throws(LabError) {
        try ControlClient(folder).send(request) { add(.line($0), to: .operation) }
        end(.operation, [], hasSucceeded: true)
      } catch {
        end(.operation, [.line(error.description)], hasSucceeded: false)
      }
    }
  }

  // MARK: Jobs

  private func begin(_ title: String, _ lane: Job.Lane) throws {
    try state.withLock { state in
      if let earlier = state.jobs[lane], earlier.isRunning {
        throw Problem(
          .conflict, title: "Something else is under way",
          detail: "\(earlier.title) has not ended: wait for it, or stop it.")
      }
      state.lastID += 1
      state.jobs[lane] = Job(id: state.lastID, lane: lane, title: title, startedAtMs: Int(wallClockMs()))
    }
  }

  private func add(_ part: ToolOutput.Part, to lane: Job.Lane) {
    state.withLock { $0.jobs[lane]?.add(part) }
  }

  private func end(_ lane: Job.Lane, _ parts: [ToolOutput.Part], hasSucceeded: Bool) {
    state.withLock { state in
      for part in parts { state.jobs[lane]?.add(part) }
      state.jobs[lane]?.end(hasSucceeded: hasSucceeded, atMs: Int(wallClockMs()))
      state.running[lane] = nil
    }
  }
}
