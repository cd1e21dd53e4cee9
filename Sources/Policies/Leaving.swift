// Who waits for whom when a connection is idle or a server leaves: the one who is asked has to wait longer than the one who
// asks, or requests are lost in between.

/// For how long a connection without a request is kept.
public enum KeepAlive {
  /// By the app: longer than by whoever asks it, or it would close one in the moment in which a request comes.
  public static let appSeconds = 75
  /// By the load balancer on AWS, of both kinds.
  public static let awsBalancerSeconds = 60
  /// By a service that calls another one through a load balancer.
  public static let callerMs = 30_000
}

/// For how long those wait for each other who end a process of the app.
public enum Leaving {
  /// The app, for what it has accepted: what is left then is cut off. Also for how long one handler may work.
  public static let drainMs = 10_000
  /// The lab's supervisor, from asking a process to end to killing it.
  public static let killMs = 15_000
  /// The load balancer on AWS, before it lets go of a server that leaves.
  public static let deregistrationSeconds = 30
}
