// Which share of a service's calls goes to its own servers, and whether these do as well as who has answered before.

import Contract
import Foundation
import Glibc
import Lab
import Placement
import Policies

/// The share of a service's calls that goes elsewhere from processes that do its work themselves too.
struct CallShare: Sendable {
  let service: String

  static let all = Placement.Service.parts
  /// 1 %, 10 %, 50 % and all, of 1,024.
  static let rungs = [10, 102, 512, all]

  /// Gives it more and more, each time after a look at how the share before has done.
  /// - Throws: when it does worse than the calls that stay; then all of them are done in the processes again.
  func grow(_ lab: any Provider, _ say: StepVoice) throws {
    let share = try lab.placement()?.services[service]?.share ?? 0
    var formerly = AnswerCounts()
    for rung in Self.rungs where rung >= share {
      try set(rung, lab, say)
      let seen = try watch(formerly, lab)
      let what = "\(Self.text(of: rung)) of the calls of \(service)"
      if !seen.isWell {
        try set(0, lab, say)
        throw ClimbError.notSo("\(what) are answered as well as those that stay: \(seen.text)")
      }
      say("\(what): \(seen.text)")
      if seen.here.total > 0 { formerly = seen.here }
    }
  }

  /// Returns when every process of the app goes by it.
  func set(_ share: Int, _ lab: any Provider, _ say: StepVoice) throws {
    try Placements.change(lab, say) { $0.services[service]?.share = share }
  }

  private static func text(of share: Int) -> String {
    share == all ? "all" : "\(Int((Double(share) * 100 / Double(all)).rounded())) %"
  }

  // MARK: How it does

  /// - Returns: whether the share may grow, what both sides have counted, for people, and of those that stayed for the next share.
  private func watch(
    _ formerly: AnswerCounts, _ lab: any Provider
  ) throws -> (isWell: Bool, text: String, here: AnswerCounts) {
    let pace = lab.sharePace
    var judge = ShareJudge(pace, formerly: formerly)
    // Every process goes by the share: what was counted on the way there is neither side's.
    let (before, begun) = (try counts(lab), ContinuousClock.now)
    while true {
      usleep(UInt32(pace.lookMs) * 1_000)
      let now = Self.sum(try counts(lab), since: before)
      switch judge.look(now, elapsedMs: Int((ContinuousClock.now - begun) / .milliseconds(1))) {
      case .wait: continue
      case .goOn(let text): return (true, text, now.here)
      case .goBack(let complaint): return (false, complaint, now.here)
      }
    }
  }

  private static func sum(
    _ now: [String: ShareJudge.Sides], since before: [String: ShareJudge.Sides]
  ) -> ShareJudge.Sides {
    now.reduce(into: ShareJudge.Sides()) { sum, entry in
      // One that did not answer before may have counted for long.
      guard let known = before[entry.key] else { return }
      // One that was started anew counts from nothing.
      sum.elsewhere = sum.elsewhere + entry.value.elsewhere.since(orAll: known.elsewhere)
      sum.here = sum.here + entry.value.here.since(orAll: known.here)
    }
  }

  /// By the process. One that does not answer has nothing to tell, and neither has one that does not do the service's work.
  private func counts(_ lab: any Provider) throws -> [String: ShareJudge.Sides] {
    var counts: [String: ShareJudge.Sides] = [:]
    for process in try lab.view().processes where process.isApp && process.pid != nil {
      guard let answer = try? lab.get(process.name, AdminPath.metrics), answer.status == 200 else { continue }
      let samples = PrometheusSample.parse(String(decoding: answer.body, as: UTF8.self))
        .filter { $0.labels["service"] == service }
      counts[process.name] = ShareJudge.Sides(
        elsewhere: AnswerCounts(calls: samples, done: "elsewhere"),
        here: AnswerCounts(calls: samples, done: "here"))
    }
    return counts
  }
}

extension AnswerCounts {
  /// Of one side of a service's calls, as a process exports them.
  fileprivate init(calls samples: [PrometheusSample], done: String) {
    self.init()
    for sample in samples where sample.labels["done"] == done {
      switch sample.name {
      case "call_begun_total": total = sample.value
      case "call_failures_total": failed = sample.value
      case "call_duration_seconds_count": timed = sample.value
      case "call_duration_seconds_bucket":
        guard let bound = sample.labels["le"].flatMap({ Double($0) }), bound.isFinite else { continue }
        buckets.append(Bucket(upToSeconds: bound, count: sample.value))
      default: continue
      }
    }
  }

  fileprivate func since(orAll earlier: AnswerCounts) -> AnswerCounts {
    earlier.total <= total ? since(earlier) : self
  }
}
