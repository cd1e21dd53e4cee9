// heights climb: take a running app to the next stage.

import Climb
import Lab

extension Command {
  static let climb = Command(
    name: "climb",
    summary: "Take a running app to the next stage, or to more followers, while it goes on answering.",
    discussion:
      "Each step is journalled: a climb that was cut short, by Ctrl-C or kill -9, goes on where it ended when it is "
      + "called again, or back with --undo. With --json each event is a line of JSON, and the outcome is the last.",
    options: [
      Option("to", "N", "the stage to reach, up to \(Climb.highestStage); the next one when not said"),
      Option("followers", "N", "inside the stage: how many followers the database has, from stage 4 on"),
      Option(
        "rehearse", nil, "at stage 2: copy and compare as the climb to stage 3 would, and take the copy away"),
      Option("html", "FILE", "with --rehearse: write its report as a page"),
      Option("undo", nil, "go back to the stage before, as long as the climb has not ended"),
      .app, .json,
    ],
    example: "heights climb --to 2"
  ) { arguments, output in
    let to = try arguments.integer("to", in: 2...7)
    let followers = try arguments.integer("followers", in: 1...15)
    let isBack = arguments.has("undo")
    if followers != nil, to != nil || isBack {
      throw UsageError("--followers is a climb of its own: leave out \(isBack ? "--undo" : "--to")")
    }
    if arguments.has("rehearse") {
      if followers != nil || to != nil || isBack {
        throw UsageError("--rehearse ends where it began: leave out --to, --followers and --undo")
      }
      return try await rehearse(arguments, output)
    }
    if arguments.text("html") != nil {
      throw UsageError("--html is the report of a rehearsal: add --rehearse")
    }
    let report = ClimbReport(output: output, wantsJSON: arguments.has("json"))
    let ascent = Ascent(in: try arguments.appFolder())
    if !isBack, followers == nil { try await onThread { try Engines.ensure(stage: try ascent.target(to)) } }
    let interrupt = try Interrupt()
    let end = try await output.whileWorking {
      try await onThread {
        if isBack { return try ascent.back(shouldStop: { interrupt.hasCome }, report: report.tell) }
        if let followers {
          return try ascent.grow(
            followers: followers, shouldStop: { interrupt.hasCome }, begins: report.begin, report: report.tell
          )
        }
        return try ascent.up(
          to: to, shouldStop: { interrupt.hasCome }, begins: report.begin, report: report.tell)
      }
    }
    return report.end(end.outcome, of: end.climb)
  }
}

/// Exit code 1 when the climb would stop.
private func rehearse(_ arguments: Arguments, _ output: Output) async throws -> Int32 {
  let folder = try arguments.appFolder()
  try await onThread { try Engines.ensure(stage: 3) }
  let interrupt = try Interrupt()
  let events = ClimbReport(output: output, wantsJSON: false)
  let report = try await output.whileWorking {
    try await onThread {
      try Rehearsal(in: folder).run(shouldStop: { interrupt.hasCome }, report: events.tell)
    }
  }
  if let path = arguments.text("html") {
    try RehearsalPage(report: report, title: try Manifest.load(folder: folder.path).title).write(to: path)
    output.progress("wrote \(path)")
  }
  if arguments.has("json") { output.json(report) } else { output.result(RehearsalText(report: report).text) }
  return report.failure == nil ? 0 : 1
}

private struct ClimbReport: Sendable {
  /// The last line of `--json`.
  private struct End: Encodable {
    let outcome: String
    let message: String
  }

  let output: Output
  let wantsJSON: Bool

  @Sendable func begin(_ climb: Climb) {
    if wantsJSON { return }
    switch climb.kind {
    case .stage: output.progress("from stage \(climb.from) to stage \(climb.to)")
    case .followers: output.progress("inside stage \(climb.from), to another number of followers")
    }
  }

  @Sendable func tell(_ event: ClimbEvent) {
    if wantsJSON { return output.json(event, isLine: true) }
    let place = "[\(event.number)/\(event.count)]"
    switch (event.event, event.operation) {
    case (.starts, .run): output.progress("\(place) \(event.text)")
    case (.starts, .undo): output.progress("\(place) undoing: \(event.text)")
    case (.done, .verify): output.progress("\(place) verified")
    case (.failed, let operation): output.progress("\(place) \(operation.rawValue) failed: \(event.text)")
    case (.progress, _):
      guard let progress = event.progress else { return output.progress("      \(event.text)") }
      output.update("      \(Self.bar(progress)) \(event.text)")
    case (.starts, .verify), (.done, .run), (.done, .undo): break
    }
  }

  /// `[######··············]  30 %, 12 s left`.
  static func bar(_ progress: ClimbEvent.StepProgress) -> String {
    let width = 20
    let done = Int((progress.fraction * Double(width)).rounded(.down))
    let bar = String(repeating: "#", count: done) + String(repeating: "·", count: width - done)
    let left = progress.remainingSeconds.map { ", \($0) s left" } ?? ""
    return "[\(bar)] \(Int(progress.fraction * 100)) %\(left):"
  }

  func end(_ outcome: Climb.Outcome, of climb: Climb) -> Int32 {
    let (name, message, code) = describe(outcome, climb)
    if wantsJSON {
      output.json(End(outcome: name, message: message), isLine: true)
    } else {
      output.result(message)
    }
    return code
  }

  /// What is told in other words of a climb inside a stage.
  private func describeInside(_ outcome: Climb.Outcome, _ climb: Climb) -> (String, String, Int32)? {
    switch outcome {
    case .committed: ("committed", "the database has the followers that were asked for", 0)
    case .reverted: ("reverted", "the climb is undone: the database has the followers that it had", 0)
    case .alreadyThere: ("already_there", "the database has as many followers already", 0)
    default: nil
    }
  }

  private func describe(_ outcome: Climb.Outcome, _ climb: Climb) -> (String, String, Int32) {
    if case .followers = climb.kind, let told = describeInside(outcome, climb) { return told }
    return switch outcome {
    case .committed: ("committed", "the app is at stage \(climb.to)", 0)
    case .reverted: ("reverted", "the climb is undone: the app is at stage \(climb.from)", 0)
    case .alreadyThere: ("already_there", "the app is at stage \(climb.to) already", 0)
    case .alreadyBeyond(let stage):
      ("already_beyond", "the app is at stage \(stage), beyond stage \(climb.to); no climb leads down", 0)
    case .nothingToUndo: ("nothing_to_undo", "no climb is under way", 0)
    case .pastTheReturn:
      ("past_the_return", "the climb to stage \(climb.to) has ended; it can no longer be undone", 1)
    case .stopped:
      ("stopped", "stopped between two steps: `heights climb` goes on, `heights climb --undo` goes back", 1)
    case .failed(let operation, let step, let reason):
      (
        "failed",
        "the \(operation.rawValue) of \(step) failed: \(reason). What was done stays and the app goes on answering: "
          + "`heights climb` tries again, `heights climb --undo` goes back", 1
      )
    }
  }
}
