// One thing that one visitor does, with all that the request needs.

/// A visitor of the app.
struct Visitor: Sendable, Equatable {
  let name: String
  let password: String
  /// What its browser sends, the session among it; none before the first sign-up or log-in.
  var cookie: String?

  var email: String { "\(name)@example.com" }
}

/// Who stands to what: a follower to an account, or an account to a post.
struct Pair: Hashable, Sendable {
  let subject: String
  let object: String
}

/// A decision that is made, and not yet carried out. `visitor` is a position in the crowd.
enum Visit: Sendable, Equatable {
  case readLaunchPage
  case joinWaitlist(email: String)
  case signUp(Visitor)
  case logIn(visitor: Int)
  case readFeed(visitor: Int)
  case readPopular(visitor: Int)
  case readPost(visitor: Int, post: String)
  case readFollow(visitor: Int, Pair)
  case readLike(visitor: Int, Pair)
  case post(visitor: Int, text: String, key: String)
  case follow(visitor: Int, Pair)
  case unfollow(visitor: Int, Pair)
  case like(visitor: Int, Pair)
  case unlike(visitor: Int, Pair)

  /// Under which action it counts.
  var action: Action {
    switch self {
    case .readLaunchPage: .readLaunchPage
    case .joinWaitlist: .joinWaitlist
    case .signUp: .signUp
    case .logIn: .logIn
    case .readFeed: .readFeed
    case .readPopular: .readPopular
    case .readPost: .readPost
    case .readFollow, .readLike: .readTie
    case .post: .post
    case .follow, .unfollow: .follow
    case .like, .unlike: .like
    }
  }
}
