// heights deploy --lab, and heights rollback: a release comes into the app that runs here.

import Climb
import Foundation
import Lab
import Rollout

/// What was asked for of `deploy --lab`.
struct LabDeploy {
  private static let awsOptions = [
    "stage", "users", "region", "domain", "artifact", "fresh", "allow-replacement", "yes", "endpoint-url",
  ]

  private let folder: AppFolder
  /// Nil: what is in the app's own folder, once it is built.
  private let release: String?
  private let allowsBreaking: Bool
  private let report: RolloutReport

  init(_ arguments: Arguments, _ output: Output) throws {
    if let other = Self.awsOptions.first(where: { arguments.has($0) || arguments.text($0) != nil }) {
      throw UsageError("--\(other) is for AWS: leave it out, or --lab")
    }
    folder = try arguments.appFolder()
    release = try arguments.text("release").map { path throws(UsageError) in try Self.checked(path) }
    allowsBreaking = arguments.has(Option.allowBreakingMigration.name)
    report = RolloutReport(output: output, wantsJSON: arguments.has("json"))
  }

  /// The lab reads it, which works in another folder than we.
  private static func checked(_ path: String) throws(UsageError) -> String {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      throw UsageError(
        "--release is '\(path)': expected a folder, of the app or of a release that was unpacked with tar")
    }
    return URL(fileURLWithPath: path).standardizedFileURL.path
  }

  func run() async throws -> Int32 {
    let (folder, release, allowsBreaking, report) = (folder, release, allowsBreaking, report)
    return try await report.output.whileWorking {
      try await onThread {
        try checkClimb(of: folder)
        // Told before a build, which may take minutes.
        _ = try ControlClient(folder).send(.status)
        if release == nil { try Lab.build(folder) { report.output.progress($0) } }
        let interrupt = try Interrupt()
        return report.end(
          try Rollout.deploy(
            from: release ?? folder.path, in: folder, allowsBreaking: allowsBreaking,
            shouldStop: { interrupt.hasCome }, tell: report.tell))
      }
    }
  }
}

/// In the middle of a climb the app is two things at once.
func checkClimb(of folder: AppFolder) throws {
  if try Climb.underWay(in: folder) != nil { throw RolloutError.climbUnfinished }
}

/// What is told of a deploy, and of the way back.
struct RolloutReport: Sendable {
  private struct End: Encodable {
    let outcome: String
    /// What the app runs.
    let release: Int?
    /// What was taken back.
    var tookBack: Int?
  }

  let output: Output
  let wantsJSON: Bool

  @Sendable func tell(_ text: String) { output.progress(text) }

  func end(_ outcome: Rollout.Outcome) -> Int32 {
    let (end, message) = describe(outcome)
    if wantsJSON { output.json(end) } else { output.result(message) }
    return 0
  }

  private func describe(_ outcome: Rollout.Outcome) -> (End, String) {
    switch outcome {
    case .running(let number):
      (End(outcome: "running", release: number), "the app runs release \(number)")
    case .ranAlready(let number):
      (End(outcome: "ran_already", release: number), "the app runs release \(number) already")
    case .tookBack(let number, let running):
      (
        End(outcome: "took_back", release: running, tookBack: number),
        "release \(number), whose deploy was cut short, is taken back"
          + (running.map { ": the app runs release \($0)" } ?? "")
      )
    }
  }
}
