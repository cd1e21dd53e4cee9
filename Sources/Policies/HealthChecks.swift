// How whoever leads requests to servers finds out which of them are well: here and on AWS.

/// The questions that a server is asked by one who leads requests to it, and what he concludes from the answers.
public struct HealthChecks: Equatable, Sendable {
  /// From one question to the next, while all is well.
  public let intervalMs: Int
  /// The same after a bad answer, or none.
  public let doubtIntervalMs: Int
  /// The same while the server gets no requests.
  public let awayIntervalMs: Int
  /// For how long an answer is waited for.
  public let timeoutMs: Int
  /// Bad answers in a row until the server gets no more requests.
  public let failures: Int
  /// Good ones in a row until it gets requests again.
  public let successes: Int

  init(
    intervalMs: Int, doubtIntervalMs: Int? = nil, awayIntervalMs: Int? = nil, timeoutMs: Int, failures: Int,
    successes: Int
  ) {
    self.intervalMs = intervalMs
    self.doubtIntervalMs = doubtIntervalMs ?? intervalMs
    self.awayIntervalMs = awayIntervalMs ?? intervalMs
    self.timeoutMs = timeoutMs
    self.failures = failures
    self.successes = successes
  }

  /// From the moment in which a server falls silent until it gets no more requests, at most. (One that refuses connections,
  /// or fails a request, may be noticed sooner.)
  public var noticeMs: Int { intervalMs + timeoutMs + (failures - 1) * (doubtIntervalMs + timeoutMs) }

  /// The same in whole seconds, rounded up.
  public var noticeSeconds: Int { (noticeMs + 999) / 1_000 }
}

extension HealthChecks {
  /// HAProxy, of the app's servers and of edges.
  public static let proxy = HealthChecks(
    intervalMs: 500, doubtIntervalMs: 200, awayIntervalMs: 300, timeoutMs: 700, failures: 2, successes: 1)
  /// On AWS in its place: a load balancer's target group. Five seconds are the least that it takes.
  public static let targetGroup = HealthChecks(
    intervalMs: 5_000, timeoutMs: 2_000, failures: 2, successes: 2)

  /// Varnish, of the load balancers behind it: the last two answers count, of which one has to be good.
  public static let edge = HealthChecks(intervalMs: 500, timeoutMs: 400, failures: 2, successes: 1)

  /// gdnsd, of the addresses that a name leads to.
  public static let names = HealthChecks(intervalMs: 2_000, timeoutMs: 1_000, failures: 1, successes: 1)
  /// On AWS in its place: Route 53, which waits four seconds for a connection and two for an answer, be it asked or not. Its
  /// interval can't be changed later.
  public static let route53 = HealthChecks(
    intervalMs: 10_000, timeoutMs: 6_000, failures: 3, successes: 3)
  /// For how long a resolver may keep an address that Route 53 gave it, be it well or not.
  public static let route53AnswerSeconds = 60
}
