// The calls between services of a fake world, as its processes tell of them.

import Placement

/// Calls of one service, so many more each time somebody asks a process for its metrics.
struct FakeCalls {
  /// How its own servers do.
  enum Elsewhere: CaseIterable { case same, failing, slow }

  var service = "posts"
  var elsewhere = Elsewhere.same
  /// None: nobody calls.
  var each = 0
  /// Of a hundred that stay, so many fail.
  var failingHere = 0
  /// Every so many questions a process has been started anew, and counts from nothing; 0 for never.
  var restartsAfter = 0

  private struct Counts {
    var total = 0
    var failed = 0
    /// Took longer than a tenth of a second; all others no longer than a millisecond.
    var slow = 0

    func lines(_ labels: String) -> String {
      """
      call_begun_total{\(labels)} \(total)
      call_failures_total{\(labels)} \(failed)
      call_duration_seconds_bucket{\(labels),le="0.001"} \(total - slow)
      call_duration_seconds_bucket{\(labels),le="0.01"} \(total - slow)
      call_duration_seconds_bucket{\(labels),le="0.1"} \(total - slow)
      call_duration_seconds_bucket{\(labels),le="1.0"} \(total)
      call_duration_seconds_bucket{\(labels),le="+Inf"} \(total)
      call_duration_seconds_count{\(labels)} \(total)

      """
    }
  }

  private var asked: [String: Int] = [:]
  private var counted: [String: (elsewhere: Counts, here: Counts)] = [:]

  mutating func metrics(of process: String, _ placement: Placement?) -> String {
    if each == 0 { return "" }
    asked[process, default: 0] += 1
    if restartsAfter > 0, asked[process, default: 0] % restartsAfter == 0 { counted[process] = nil }
    var (gone, stayed) = counted[process] ?? (Counts(), Counts())
    let share = placement?.services[service]?.share ?? 0
    let going = each * share / Placement.Service.parts
    gone.total += going
    switch elsewhere {
    case .same: gone.failed += going * failingHere / 100
    case .failing: gone.failed += going / 5
    case .slow: gone.slow += going / 5
    }
    stayed.total += each - going
    stayed.failed += (each - going) * failingHere / 100
    counted[process] = (gone, stayed)
    return gone.lines("service=\"\(service)\",done=\"elsewhere\"")
      + stayed.lines("service=\"\(service)\",done=\"here\"")
  }
}
