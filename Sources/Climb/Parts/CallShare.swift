// Which share of a service's calls goes to its own servers, and whether these do as well as who has answered before.

import Contract
import Foundation
import Glibc
import Lab
import Placement

/// The share of a service's calls that goes elsewhere from processes that do its work themselves too.
struct CallShare: Sendable {
  let service: String

  static let all = Placement.Service.parts
  /// 1 %, 10 %, 50 % and all, of 1,024.
  static let rungs = [10, 102, 512, all]
  /// More failed calls of a hundred than that, and the service goes back to where it was.
  private static let failedPercent = 1.0
  /// A call that takes longer on average is as good as none: a page makes three.
  private static let slowSeconds = 0.25

  /// Gives it more and more, each time after a look at how the share before has done.
  /// - Throws: when it fails calls or is slow; then all of them are done in the processes again.
  func grow(_ lab: any Provider, _ say: StepVoice) throws {
    let share = try lab.placement()?.services[service]?.share ?? 0
    for rung in Self.rungs where rung >= share {
      let before = try counts(lab)
      try set(rung, lab, say)
      let seen = try watch(since: before, lab)
      say("\(Self.text(of: rung)) of the calls of \(service): \(seen.text)")
      if let complaint = seen.complaint {
        try set(0, lab, say)
        throw ClimbError.notSo("\(service) does as well on servers of its own as before: \(complaint)")
      }
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

  /// What a process has counted of its calls of the service.
  private struct Counts {
    var calls = 0.0
    var failed = 0.0
    var seconds = 0.0

    var text: String {
      if calls < 1 { return "nobody has called" }
      let ms = (seconds / calls * 1_000 * 10).rounded() / 10
      return "\(Int(calls)) calls, \(Int(failed)) without an answer, \(ms) ms each"
    }

    var complaint: String? {
      if failed * 100 > CallShare.failedPercent * calls { return text }
      return calls >= 1 && seconds / calls > CallShare.slowSeconds ? text : nil
    }
  }

  private func watch(since before: [String: Counts], _ lab: any Provider) throws -> Counts {
    usleep(UInt32(lab.watchMs) * 1_000)
    return try counts(lab).reduce(into: Counts()) { sum, entry in
      // One that did not answer before may have counted for long.
      guard let known = before[entry.key] else { return }
      // One that was started anew counts from nothing.
      let earlier = known.calls <= entry.value.calls ? known : Counts()
      sum.calls += entry.value.calls - earlier.calls
      sum.failed += entry.value.failed - earlier.failed
      sum.seconds += entry.value.seconds - earlier.seconds
    }
  }

  /// By the process. One that does not answer has nothing to tell.
  private func counts(_ lab: any Provider) throws -> [String: Counts] {
    var counts: [String: Counts] = [:]
    for process in try lab.view().processes where process.isApp && process.pid != nil {
      guard let answer = try? lab.get(process.name, AdminPath.metrics), answer.status == 200 else { continue }
      let samples = PrometheusSample.parse(String(decoding: answer.body, as: UTF8.self))
      let value = { (name: String) in
        samples.first { $0.name == name && $0.labels["service"] == service }?.value ?? 0
      }
      counts[process.name] = Counts(
        calls: value("calls_total"), failed: value("calls_failed_total"),
        seconds: value("calls_seconds_total"))
    }
    return counts
  }
}
