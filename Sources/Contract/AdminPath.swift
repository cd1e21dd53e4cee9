// What an app's process is asked over its admin socket.

/// A path of the admin socket. A load balancer asks for `alive` and `ready` at the app's own door as well.
public enum AdminPath {
  /// The process lives.
  public static let alive = "/healthz"
  /// It should get requests: 200, and 503 while it should not. Answered with `AdminAnswer.Health`.
  public static let ready = "/readyz"
  /// Its figures, as Prometheus reads them.
  public static let metrics = "/metrics"
  /// The version of the placement that all of it goes by: `AdminAnswer.Adopted`.
  public static let placement = "/placement"
  /// POST: it accepts from the public, from now on or again.
  public static let accept = "/accept"
  /// POST: it accepts no more, and answers what it has: `AdminAnswer.Drained`.
  public static let drain = "/drain"
  /// How far the move of its databases is: `AdminAnswer.Move`.
  public static let move = "/move"
  /// POST with `to` and `from`: `AdminAnswer.ObjectsCopied`.
  public static let copyObjects = "/objects/copy"
  /// POST with `from`: `AdminAnswer.SessionsCopied`.
  public static let copySessions = "/sessions/copy"
  /// The waitlist as lines of JSON; POST adds such lines.
  public static let waitlist = "/waitlist"

  /// POST with a `MoveTarget`: asks for a job, and answers with `AdminAnswer.Move`.
  public static func move(_ job: MoveJob) -> String { "\(move)/\(job.rawValue)" }
}

/// A part of moving an app's databases from their files to a cluster. Each may be asked for again, and goes on where it
/// ended.
public enum MoveJob: String, Codable, CaseIterable, Sendable {
  /// Copies all rows and what was written meanwhile; the app stays where it is.
  case copy
  /// Compares all rows.
  case verify
  /// Puts one database after the other into the cluster, each while its transactions wait.
  case flip
  /// Sees whether all of them can go back, and changes nothing.
  case checkBack = "check-back"
  /// Puts all of them back into their files, and removes every trace.
  case back
  /// Ends the possibility of going back.
  case finish
}
