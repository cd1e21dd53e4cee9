// What can go wrong in a climb, and how it is told.

import Errors
import Glibc

/// An error for people: what went wrong, where, what was expected, what to do next.
public enum ClimbError: CodedError, Equatable, Sendable {
  /// A call of the system failed: what was tried, on what, errno.
  case system(attempt: String, code: Int32)
  case alreadyClimbing
  case drillUnderWay
  case scalingUnderWay
  case deployUnderWay
  case brokenJournal(path: String, line: Int)
  /// The journal was written by another version of the climb.
  case otherSteps(recorded: [String], expected: [String])
  /// No climb leads from this stage to that one today.
  case noClimb(from: Int, to: Int)
  /// Somebody must answer the public: this role has to, and does not.
  case nobodyAnswers(role: String)
  /// What a step should have brought about is not so.
  case notSo(String)
  case adminFailed(process: String, request: String, status: Int)
  /// Addresses of the waitlist that did not arrive.
  case entriesMissing(count: Int, from: String, to: String)
  case waitlistNotTaken(role: String)
  case entryTooLarge(bytes: Int)
  /// The app could not move its databases, for this reason; where they are now.
  case moveFailed(String, inPostgres: [String], inFiles: [String])
  /// What the app is made of can't be known, for this reason.
  case unreadableApp(String)
  /// The stage has no followers, or the app no database.
  case noFollowers(stage: Int)
  case followersOutOfRange(ClosedRange<Int>, stage: Int)
  /// The app is not at stage 2, or on its way from there.
  case nothingToRehearse(stage: Int)
  /// What the app keeps has nowhere to go.
  case noDatabase

  /// A short stable name for scripts.
  public var code: String {
    switch self {
    case .system: "system"
    case .alreadyClimbing: "already_climbing"
    case .drillUnderWay: "drill_under_way"
    case .scalingUnderWay: "scaling_under_way"
    case .deployUnderWay: "deploy_under_way"
    case .brokenJournal: "broken_journal"
    case .otherSteps: "other_steps"
    case .noClimb: "no_climb"
    case .nobodyAnswers: "nobody_answers"
    case .notSo: "not_so"
    case .adminFailed: "admin_failed"
    case .entriesMissing: "entries_missing"
    case .waitlistNotTaken: "waitlist_not_taken"
    case .entryTooLarge: "entry_too_large"
    case .moveFailed: "move_failed"
    case .unreadableApp: "unreadable_app"
    case .noDatabase: "no_database"
    case .nothingToRehearse: "nothing_to_rehearse"
    case .noFollowers: "no_followers"
    case .followersOutOfRange: "followers_out_of_range"
    }
  }

  public var isMisuse: Bool {
    switch self {
    case .noClimb, .noFollowers, .followersOutOfRange, .nothingToRehearse: true
    default: false
    }
  }
  public var mayRetry: Bool {
    [.alreadyClimbing, .drillUnderWay, .scalingUnderWay, .deployUnderWay].contains(self)
  }

  public var description: String {
    switch self {
    case .system(let attempt, let code): "\(attempt): \(String(cString: strerror(code)))"
    case .alreadyClimbing: "another `heights climb` is at work on this app; wait until it has ended"
    case .drillUnderWay:
      "a drill of this app is under way, and breaks what a climb needs; wait until it has ended"
    case .scalingUnderWay:
      "a service still gets its instances, or loses some; try again when `heights status` shows nothing under way"
    case .deployUnderWay: "a deploy of this app is at work; wait until it has ended"
    case .brokenJournal(let path, let line):
      "\(path):\(line) is not a record of a climb; restore the file, it says how far the climb has come"
    case .otherSteps(let recorded, let expected):
      "the climb was begun by another version of Heights (its steps: \(recorded.joined(separator: ", ")); ours: "
        + "\(expected.joined(separator: ", "))); finish or undo it with that version"
    case .noClimb(let from, let to):
      "no climb leads from stage \(from) to stage \(to); climbs lead from each stage to the next, up to \(Climb.highestStage)"
    case .nobodyAnswers(let role):
      "\(role) does not answer on the public port, so the other process can't leave it; "
        + "`heights status` shows both"
    case .notSo(let expected):
      "expected that \(expected), and it is not so; `heights status` shows what is"
    case .adminFailed(let process, let request, let status):
      "\(process) answered \(request) with status \(status); its log says why"
    case .entriesMissing(let count, let from, let to):
      "\(count) addresses of the waitlist of \(from) did not arrive in \(to); none is lost, they are still in "
        + "the store of \(from); `heights climb` tries again"
    case .waitlistNotTaken(let role):
      "\(role) has no POST /waitlist on its admin socket, and there are addresses to carry; add the route"
    case .entryTooLarge(let bytes):
      "an entry of the waitlist has \(bytes) bytes, and at most \(WaitlistTransfer.maximumEntryBytes) are carried; "
        + "shorten or remove it, then climb again"
    case .moveFailed(let reason, let moved, let left):
      "\(Self.whereabouts(moved, "in PostgreSQL", left, "in SQLite")): \(reason)"
    case .unreadableApp(let reason): reason
    case .noFollowers(let stage):
      "the app has no database with followers at stage \(stage): they come with stage 4, for an app whose heights.json names "
        + "a database"
    case .followersOutOfRange(let range, let stage):
      "at stage \(stage) the database has from \(range.lowerBound) to \(range.upperBound) followers"
    case .nothingToRehearse(let stage):
      stage == 2
        ? "a climb is under way: `heights climb` goes on, `heights climb --undo` goes back; a rehearsal begins without one"
        : "the app is at stage \(stage), and what is rehearsed is the climb from stage 2 to stage 3, where the databases move"
    case .noDatabase:
      "heights.json names no database, and from stage 3 on what an app keeps is in one; name it in `databases`, or "
        + "stay at stage 2"
    }
  }

  private static func whereabouts(_ some: [String], _ place: String, _ others: [String], _ other: String)
    -> String
  {
    [(some, place), (others, other)].filter { !$0.0.isEmpty }.map { names, place in
      let isOne = names.count == 1
      return
        "\(isOne ? "database" : "databases") \(names.joined(separator: ", ")) \(isOne ? "is" : "are") \(place)"
    }.joined(separator: ", ")
  }
}
