// What the console needs of the rest of Heights, which it does not import: whoever starts it gives it along.

import HeightsRuntime

/// How climbs, drills and load are run, and what is known of them.
public struct ConsoleTools: Sendable {
  /// The path of the `heights` program.
  let program: String
  /// Those that `heights drill` has.
  let drills: [ConsoleDrill]
  /// How far a climb has come that is under way, whoever began it; nil when none is. Asked once a second, on a thread
  /// that may wait for a file.
  let climb: @Sendable () -> ConsoleClimb?

  /// - Parameters:
  ///   - program: the path of `heights`, which the buttons run.
  ///   - climb: how far a climb is, nil when none is under way; asked once a second.
  public init(program: String, drills: [ConsoleDrill], climb: @escaping @Sendable () -> ConsoleClimb?) {
    self.program = program
    self.drills = drills
    self.climb = climb
  }
}

/// A kind of drill.
public struct ConsoleDrill: JSONWritable, Sendable {
  /// What a drill is held on.
  public enum Target: String, Sendable {
    case zone, host, nothing
  }

  /// As it is typed, such as `zone-outage`.
  let kind: String
  /// What it breaks, in a line.
  let summary: String
  /// The first stage that has it.
  let firstStage: Int
  let target: Target

  /// - Parameter firstStage: 1 to 7; before it the page does not offer the drill.
  public init(kind: String, summary: String, firstStage: Int, target: Target) {
    self.kind = kind
    self.summary = summary
    self.firstStage = firstStage
    self.target = target
  }

  /// One object with a member for each property.
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("kind", kind)
      $0.member("summary", summary)
      $0.member("firstStage", firstStage)
      $0.member("target", target.rawValue)
    }
  }
}

/// A climb that is under way.
public struct ConsoleClimb: JSONWritable, Equatable, Sendable {
  let from: Int
  let to: Int
  /// Steps that are done.
  let done: Int
  let count: Int
  /// What it does now or will do next, in the infinitive.
  let title: String
  /// How much of that step is done, 0 to 1; nil when it can't tell.
  public var fraction: Double?
  /// How long that step is expected to go on; nil when it can't tell.
  public var remainingSeconds: Int?
  /// Whether somebody climbs just now; a climb that was cut short waits to be taken up.
  let isRunning: Bool

  /// - Parameters:
  ///   - done: how many of its `count` steps are done.
  ///   - title: what it does now or will do next, in the infinitive.
  ///   - isRunning: false for one that was cut short and waits to be taken up.
  public init(from: Int, to: Int, done: Int, count: Int, title: String, isRunning: Bool) {
    self.from = from
    self.to = to
    self.done = done
    self.count = count
    self.title = title
    self.isRunning = isRunning
  }

  /// One object with a member for each property.
  public func write(to json: inout JSONWriter) {
    json.object {
      $0.member("from", from)
      $0.member("to", to)
      $0.member("done", done)
      $0.member("count", count)
      $0.member("title", title)
      $0.member("fraction", fraction)
      $0.member("remainingSeconds", remainingSeconds)
      $0.member("isRunning", isRunning)
    }
  }
}
