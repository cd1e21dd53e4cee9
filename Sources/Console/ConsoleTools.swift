// What the console needs of the rest of Heights, which it does not import: whoever starts it gives it along.

import HeightsKit

/// How climbs, drills and load are run, and what is known of them.
public struct ConsoleTools: Sendable {
  /// The path of the `heights` program.
  public let program: String
  /// Those that `heights drill` has.
  public let drills: [ConsoleDrill]
  /// How far a climb has come that is under way, whoever began it; nil when none is. Asked once a second, on a thread
  /// that may wait for a file.
  public let climb: @Sendable () -> ConsoleClimb?

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
  public let kind: String
  /// What it breaks, in a line.
  public let summary: String
  /// The first stage that has it.
  public let firstStage: Int
  public let target: Target

  public init(kind: String, summary: String, firstStage: Int, target: Target) {
    self.kind = kind
    self.summary = summary
    self.firstStage = firstStage
    self.target = target
  }

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
  public let from: Int
  public let to: Int
  /// Steps that are done.
  public let done: Int
  public let count: Int
  /// What it does now or will do next, in the infinitive.
  public let title: String
  /// How much of that step is done, 0 to 1; nil when it can't tell.
  public var fraction: Double?
  public var remainingSeconds: Int?
  /// Whether somebody climbs just now; a climb that was cut short waits to be taken up.
  public let isRunning: Bool

  public init(from: Int, to: Int, done: Int, count: Int, title: String, isRunning: Bool) {
    self.from = from
    self.to = to
    self.done = done
    self.count = count
    self.title = title
    self.isRunning = isRunning
  }

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
