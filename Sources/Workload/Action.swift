// What people do with an app.

/// Something that a visitor does. The names are those of reports, of the manifest's workload and of the planner's catalog.
public enum Action: String, CaseIterable, Sendable, Codable {
  case signUp, logIn, readFeed, readPopular, readPost, post, follow, like
  /// Asks whether somebody follows or likes what the run has once followed or liked: of use to a history.
  case readTie
  /// The launch page's two.
  case readLaunchPage, joinWaitlist
  case signOut, changePassword
  /// Asks with a session that has ended who it is, and expects to be refused.
  case tryEndedSession
  case uploadPhoto

  /// Whether a manifest says how often it comes. The others belong to those who make the load.
  public var isNamedByApps: Bool {
    switch self {
    case .signUp, .logIn, .readFeed, .readPopular, .readPost, .post, .follow, .like: true
    case .signOut, .changePassword, .uploadPhoto: true
    case .readTie, .readLaunchPage, .joinWaitlist, .tryEndedSession: false
    }
  }

  /// Whether it changes what the app stores, so that a success acknowledges a write.
  public var isWrite: Bool {
    switch self {
    case .signUp, .logIn, .signOut, .changePassword, .post, .uploadPhoto, .follow, .like, .joinWaitlist: true
    case .readFeed, .readPopular, .readPost, .readTie, .readLaunchPage, .tryEndedSession: false
    }
  }
}
