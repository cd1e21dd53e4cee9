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
  static let rungs = [10, 102, half, all]
  private static let half = 512

  /// Gives it more and more, each time after a look at how the share before has done.
  /// - Throws: when it does worse than the calls that stay; then all of them are done in the processes again.
  func grow(_ lab: any Provider, _ say: StepVoice) throws {
    let share = try lab.placement()?.services[service]?.share ?? 0
    var formerly = AnswerCounts()
    // One that was interrupted while all went has nothing to compare with: it goes back to half.
    for rung in Self.rungs where rung >= min(share, Self.half) {
      try set(rung, lab, say)
      var trial = LabSnapshot.Trial(service: service, share: Double(rung) / Double(Self.all))
      let seen = try watch(&trial, formerly, lab)
      trial.text = seen.text
      let what = "\(Self.text(of: rung)) of the calls of \(service)"
      if !seen.isWell {
        // The reason is why it went badly, also where who stands still does not tell that it has heard of it.
        do { try set(0, lab, say) } catch { say("\(error)") }
        trial.verdict = .takenBack
        lab.show(trial)
        throw ClimbError.notSo("\(what) are answered as well as those that stay: \(seen.text)")
      }
      say("\(what): \(seen.text)")
      trial.verdict = .wentOn
      lab.show(trial)
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

  /// - Parameter trial: shown to people at each look.
  /// - Returns: whether the share may grow, what both sides have counted, for people, and of those that stayed for the next share.
  private func watch(
    _ trial: inout LabSnapshot.Trial, _ formerly: AnswerCounts, _ lab: any Provider
  ) throws -> (isWell: Bool, text: String, here: AnswerCounts) {
    let pace = lab.sharePace
    var judge = ShareJudge(pace, formerly: formerly)
    // Every process goes by the share: what was counted on the way there is neither side's.
    var seen = CallsSeen()
    seen.take(try counts(lab))
    let begun = ContinuousClock.now
    lab.show(trial)
    while true {
      usleep(UInt32(pace.lookMs) * 1_000)
      seen.take(try counts(lab))
      let staying = seen.sum.here.total > 0 ? seen.sum.here : formerly
      (trial.new, trial.staying) = (.init(seen.sum.elsewhere), .init(staying))
      lab.show(trial)
      let elapsedMs = Int((ContinuousClock.now - begun) / .milliseconds(1))
      if seen.isOfNobody {
        if elapsedMs < pace.mostMs { continue }
        return (false, "no process of the app tells how its calls do", AnswerCounts())
      }
      switch judge.look(seen.sum, elapsedMs: elapsedMs) {
      case .wait: continue
      case .goOn(let text): return (true, text, seen.sum.here)
      case .goBack(let complaint): return (false, complaint, seen.sum.here)
      }
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

/// What processes have counted since each was seen first. It only grows, also when one of them is not heard for a while.
private struct CallsSeen {
  private(set) var sum = ShareJudge.Sides()
  private var last: [String: ShareJudge.Sides] = [:]

  /// Whether no process has told anything yet.
  var isOfNobody: Bool { last.isEmpty }

  mutating func take(_ counts: [String: ShareJudge.Sides]) {
    for (process, now) in counts {
      // One that did not answer before may have counted for long; one that was started anew counts from nothing.
      if let before = last.updateValue(now, forKey: process) {
        sum.elsewhere = sum.elsewhere + now.elsewhere.since(orAll: before.elsewhere)
        sum.here = sum.here + now.here.since(orAll: before.here)
      }
    }
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
