// What has been tried on some of an app beside what stays: a service's own servers, or a release, each step with both sides' numbers.

import Policies

extension LabSnapshot {
  /// One step of something new that is held against what stays: a share of a service's calls that goes to servers of its own in a
  /// climb, or instances of a service that run another release.
  public struct Trial: Codable, Equatable, Sendable {
    /// What was counted of one side since the step began.
    public struct Side: Codable, Equatable, Sendable {
      /// Those that have begun.
      public let requests: Int
      /// Those that ended with a fault of the server's.
      public let failed: Int
      /// 99 of 100 took no longer, as far as buckets tell, in milliseconds; nil where nobody knows.
      public var p99Ms: Double?

      /// Of nobody, unless told.
      public init(_ counts: AnswerCounts = AnswerCounts()) {
        // What an app says of itself need not be a number that can be counted to.
        requests = Int(exactly: counts.total.rounded()) ?? 0
        failed = Int(exactly: counts.failed.rounded()) ?? 0
        p99Ms = counts.p99Seconds.map { $0 * 1_000 }
      }
    }

    /// What has become of it.
    public enum Verdict: String, Codable, Sendable {
      /// It is looked at.
      case judging
      /// It did well: more was given to it.
      case wentOn
      /// What stays does all of the work again.
      case takenBack
    }

    /// The one that it is tried on.
    public let service: String
    /// The release that is tried; nil for a service that is led apart.
    public let release: Int?
    /// Of the service's calls, or of its instances: what the new side has, above 0 and up to 1.
    public let share: Double
    /// Of the new side.
    public var new = Side()
    /// Of what stays; at a share of 1 of what was before.
    public var staying = Side()
    public var verdict = Verdict.judging
    /// What was said of it, for people, in one line; nil while nothing was.
    public var text: String?

    /// One that begins.
    /// - Parameters:
    ///   - release: nil for a service that is led apart.
    ///   - share: above 0 and up to 1.
    public init(service: String, release: Int? = nil, share: Double) {
      (self.service, self.release, self.share) = (service, release, share)
    }

    fileprivate func isStep(of other: Trial) -> Bool {
      (service, release, share) == (other.service, other.release, other.share)
    }
  }
}

/// The steps of what is tried now, or was last, the first one first. They are for people: what decides is with whoever judges.
struct TrialBook: Equatable, Sendable {
  private static let limit = 48
  private static let textLimit = 300

  private(set) var trials: [LabSnapshot.Trial] = []

  /// Takes the newest of a step. The first step of something else, or after one that was taken back, begins anew; a step that is
  /// taken again goes on from there.
  mutating func note(_ trial: LabSnapshot.Trial) {
    if let last = trials.last, last.release != trial.release { trials = [] }
    if let last = trials.last, last.verdict == .takenBack,
      !last.isStep(of: trial) || trial.verdict == .judging
    {
      trials = []
    }
    if let index = trials.firstIndex(where: { $0.isStep(of: trial) }) { trials.removeSubrange(index...) }
    var noted = trial
    noted.text = trial.text.map { String($0.prefix { !$0.isNewline }.prefix(Self.textLimit)) }
    trials.append(noted)
    if trials.count > Self.limit { trials.removeFirst(trials.count - Self.limit) }
  }

  /// The release was taken back, whatever step it had come to.
  /// - Parameter fault: what was wrong with it; nil: nothing.
  mutating func drop(_ release: Int, fault: String?) {
    guard var last = trials.last, last.release == release else { return }
    last.verdict = .takenBack
    last.text = fault ?? "the deploy was stopped, or cut short"
    note(last)
  }
}

extension Lab {
  /// What is tried now, or was last; nil where nothing was.
  var shownTrials: [LabSnapshot.Trial]? {
    let trials = trialBook.withLock { $0.trials }
    return trials.isEmpty ? nil : trials
  }
}
