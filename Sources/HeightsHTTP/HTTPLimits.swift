// The bounds of a server.

import Policies

/// How much a server takes on, and how long it waits. Per loop where it says so.
public struct HTTPLimits: Sendable {
  /// Requests whose handlers run; the next one is answered with 503.
  public var inFlightPerLoop = 512
  /// Open connections; further ones wait in the listen queue.
  public var connectionsPerLoop = 16_384
  /// Room for a request's line and headers, each of which takes 64 bytes besides its text; a request that needs more is
  /// answered with 431, or with 414 where its target alone does.
  public var headerBytes = 16 << 10
  /// From the opening of a connection until its first request is complete up to the body.
  public var headerTimeoutMs = 10_000
  /// For how long a body may arrive.
  public var bodyTimeoutMs = 60_000
  /// For how long a connection is kept without a request.
  public var keepAliveMs = KeepAlive.appSeconds * 1_000
  /// After how long without progress an answer that isn't taken is given up.
  public var inactivityTimeoutMs = 90_000
  /// For how long a handler may work.
  public var handlerTimeoutMs = Leaving.drainMs
  /// For how long a drain waits for the next request on a connection without one.
  public var drainIdleMs = 1_000
  /// How often what is overdue is looked for.
  public var sweepIntervalMs = 250

  /// What bodies may take together.
  var received = ReceivedBytes.ofProcess

  /// The figures above, which suit an app on a machine of its own.
  public init() {}
}
