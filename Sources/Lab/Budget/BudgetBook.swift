// The error budget of an app, from what its doors have counted, and kept from one run of the lab to the next.

import Files
import Foundation
import Policies
import Topology

/// What one door has counted of people's requests since it started.
struct DoorCounts: Equatable, Sendable {
  let requests: Double
  let failed: Double

  /// Nil for what nobody can have counted: an app tells it.
  init?(requests: Double, failed: Double) {
    guard 0...1e15 ~= requests, 0...requests ~= failed else { return nil }
    (self.requests, self.failed) = (requests, failed)
  }
}

/// Adds up what doors count, and notices when the budget goes too fast.
struct BudgetBook: Equatable, Sendable {
  private(set) var budget: ErrorBudget
  /// By the process, as it was read last: whatever it is called by now, and another one counts from 0.
  private var doors: [Int32: DoorCounts] = [:]
  private var firing: Set<String> = []
  /// Whether requests have failed that are not on disk yet: a lab may end in what made them fail.
  private(set) var hasUnsavedFailures = false

  init(_ budget: ErrorBudget = ErrorBudget()) { self.budget = budget }

  /// Takes what the doors tell now.
  /// - Parameters:
  ///   - readings: by the process, of all that run; nil for one that does not tell, which is there with the next reading.
  ///   - seconds: since 1970.
  mutating func take(_ readings: [Int32: DoorCounts?], target: Double, atSeconds seconds: Int) {
    for case (let pid, let reading?) in readings {
      let requests = max(0, reading.requests - (doors[pid]?.requests ?? 0))
      let failed = min(requests, max(0, reading.failed - (doors[pid]?.failed ?? 0)))
      budget.add(.init(requests: requests, failed: failed, target: target), atSeconds: seconds)
      if failed > 0 { hasUnsavedFailures = true }
      doors[pid] = reading
    }
    doors = doors.filter { readings.keys.contains($0.key) }
  }

  mutating func noteSaved() { hasUnsavedFailures = false }

  /// What alarms have begun to say, or no longer say, since it was asked last: for people.
  mutating func news(atSeconds seconds: Int) -> [String] {
    BurnAlarm.all.compactMap { alarm in
      if budget.fires(alarm, atSeconds: seconds) {
        guard firing.insert(alarm.name).inserted else { return nil }
        let lately = budget.counts(ofLast: alarm.shortSeconds, atSeconds: seconds)
        return "requests fail more than \(Self.text(alarm.rate)) times as often as they may: "
          + "\(Int(lately.failed)) of \(Int(lately.requests)) in the last \(alarm.shortSeconds / 60) minutes"
      }
      guard firing.remove(alarm.name) != nil else { return nil }
      return "requests no longer fail more than \(Self.text(alarm.rate)) times as often as they may"
    }
  }

  private static func text(_ rate: Double) -> String {
    rate == rate.rounded() ? String(Int(rate)) : String(rate)
  }
}

// On disk.
extension BudgetBook {
  /// What the last run has left; nothing counted where there is none. A file that nobody can read is put aside: it says nothing of
  /// the app's data, so the app runs without it.
  /// - Parameter tell: hears where it is then.
  static func load(_ folder: AppFolder, tell: (String) -> Void) -> BudgetBook {
    var isThere = stat()
    guard stat(folder.budget, &isThere) == 0 else { return BudgetBook() }
    if let data = FileManager.default.contents(atPath: folder.budget),
      let budget = try? JSONDecoder().decode(ErrorBudget.self, from: data)
    {
      return BudgetBook(budget)
    }
    let place = folder.budget + ".unreadable"
    _ = rename(folder.budget, place)
    tell("the error budget begins anew: what was counted before can't be read (now \(place))")
    return BudgetBook()
  }

  func save(_ folder: AppFolder) throws(LabError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    guard let data = try? encoder.encode(budget) else { return }
    try AtomicFile.write(String(decoding: data, as: UTF8.self) + "\n", to: folder.budget)
  }
}

extension LabSnapshot {
  /// How many requests of 30 days may fail, and how many have.
  public struct Budget: Codable, Equatable, Sendable {
    /// An alarm on how fast it goes.
    public struct Alarm: Codable, Equatable, Sendable {
      /// `fast`, `slow` or `lasting`.
      public let name: String
      /// It fires above this in both times.
      public let rate: Double
      /// In seconds.
      public let longSeconds: Int
      /// In seconds.
      public let shortSeconds: Int
      /// How many times as often as they may requests have failed in the long time; 1 uses up the budget in its 30 days.
      public let longRate: Double
      /// The same in the short time.
      public let shortRate: Double
      /// Whether both are above `rate`.
      public let fires: Bool
    }

    /// The share of requests that is to succeed at this stage, 0 to 1.
    public let target: Double
    /// The time that it is for, up to now.
    public let days: Int
    /// People's requests that were answered in that time, at whatever stage.
    public let requests: Int
    /// Those with a status of 500 or more.
    public let failed: Int
    /// How many of them may fail, by the target of the stage at which each was asked.
    public let allowed: Double
    /// The share of the budget that is gone: above 1 it is overspent. 0 where nothing failed.
    public let usedShare: Double
    /// Fast ones first.
    public let alarms: [Alarm]
  }
}

extension LabSnapshot.Budget {
  init(_ budget: ErrorBudget, target: Double, atSeconds seconds: Int) {
    let counts = budget.counts(atSeconds: seconds)
    self.init(
      target: target, days: ErrorBudget.days, requests: Int(counts.requests), failed: Int(counts.failed),
      allowed: Self.rounded(counts.allowed), usedShare: Self.rounded(counts.burnRate),
      alarms: BurnAlarm.all.map { alarm in
        Alarm(
          name: alarm.name, rate: alarm.rate, longSeconds: alarm.longSeconds,
          shortSeconds: alarm.shortSeconds,
          longRate: Self.rounded(budget.counts(ofLast: alarm.longSeconds, atSeconds: seconds).burnRate),
          shortRate: Self.rounded(budget.counts(ofLast: alarm.shortSeconds, atSeconds: seconds).burnRate),
          fires: budget.fires(alarm, atSeconds: seconds))
      })
  }

  /// Without what binary fractions add.
  private static func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
}
