// How long it may take until another server leads a database: what Patroni is told, the app goes by, and a drill allows.

/// Who leads does so on a lease that he renews; when it has run out, another one may take it.
public struct Failover: Equatable, Sendable {
  /// For how long a leader leads that says nothing any more. (Patroni's `ttl`.)
  public let leaseSeconds: Int
  /// From one look of each member to its next. (`loop_wait`)
  public let roundSeconds: Int
  /// For how long a member tries to reach the others before it gives up. (`retry_timeout`)
  public let retrySeconds: Int
  /// For how long a leader whose server has died tries to start it again instead of giving up the lead.
  /// (`primary_start_timeout`)
  public let startSeconds: Int
  /// For how long one that has lost the lead waits for its server to stop. (`primary_stop_timeout`)
  public let stopSeconds: Int
  /// The app counts a server as hung that has not answered it for so long.
  public let silenceMs: Int

  /// From the moment in which a leader dies until another one takes writes, at most: its server is not started again in its
  /// time, its lease runs out, the others look, and reach each other. Hardly ever does all of that come after the other.
  public var longestSeconds: Int { leaseSeconds + roundSeconds + retrySeconds + startSeconds }

  /// The same where the former one hangs, which the app has to notice too.
  public var longestWhenHungSeconds: Int { longestSeconds + (silenceMs + 999) / 1_000 }

  /// The lab's.
  public static let lab = Failover(
    leaseSeconds: 5, roundSeconds: 1, retrySeconds: 2, startSeconds: 2, stopSeconds: 5, silenceMs: 1_500)
}
