// A queue before several servers: Erlang's formulas for how often and how long people wait (M/M/c).

import Foundation

/// Requests that arrive at random and are served by `servers` in the order of their coming.
///
/// Source: A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic
/// telephone exchanges", 1917. Arrivals are Poisson, service times exponential. Nothing overflows: the probabilities
/// come from the recursion of Erlang B, not from factorials.
struct ErlangQueue: Equatable, Sendable {
  let servers: Int
  /// Arrivals per second.
  let arrivalsPerSecond: Double
  /// Mean seconds that a server works on one.
  let serviceSeconds: Double

  /// Negative values are taken as 0, fewer servers than one as one.
  init(servers: Int, arrivalsPerSecond: Double, serviceSeconds: Double) {
    self.servers = max(1, servers)
    self.arrivalsPerSecond = max(0, arrivalsPerSecond)
    self.serviceSeconds = max(0, serviceSeconds)
  }

  /// The servers that are busy on average if none ever waits, in erlangs.
  var offeredLoad: Double { arrivalsPerSecond * serviceSeconds }

  /// The share of its time that a server works; 1 or more when the queue grows without end.
  var utilisation: Double { offeredLoad / Double(servers) }

  /// Erlang B: the share of requests that would be turned away if nobody could wait.
  var blocking: Double { Self.blocking(servers: servers, offeredLoad: offeredLoad) }

  /// Erlang C: the share of requests that have to wait; 1 when the queue grows without end.
  var waiting: Double {
    let load = utilisation
    return load >= 1 ? 1 : blocking / (1 - load * (1 - blocking))
  }

  /// Mean seconds in the queue, before service; infinite when it grows without end.
  var meanWaitSeconds: Double {
    let spare = Double(servers) - offeredLoad
    return spare > 0 ? waiting * serviceSeconds / spare : .infinity
  }

  /// The share of requests that wait longer than `seconds`.
  func waiting(longerThan seconds: Double) -> Double {
    let spare = Double(servers) - offeredLoad
    guard spare > 0, serviceSeconds > 0 else { return spare > 0 ? 0 : 1 }
    return waiting * exp(-spare * max(0, seconds) / serviceSeconds)
  }

  /// B(0) = 1, B(n) = a·B(n−1) / (n + a·B(n−1)): every step stays between 0 and 1.
  private static func blocking(servers: Int, offeredLoad: Double) -> Double {
    var blocking = 1.0
    for count in 1...servers {
      let carried = offeredLoad * blocking
      blocking = carried / (Double(count) + carried)
    }
    return blocking
  }
}
