// One thing that one visitor does, with all that the request needs.

import Workload

/// A visitor of the app.
struct Visitor: Sendable, Equatable {
  let name: String
  var password: String
  /// What its browser sends, the session among it; none before the first sign-up or log-in.
  var cookie: String?
  /// The same of a second browser, once it has logged in there.
  var otherCookie: String?

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
  /// In the second browser.
  case logInElsewhere(visitor: Int)
  case signOut(visitor: Int)
  case changePassword(visitor: Int, to: String)
  case tryEnded(EndedSession)
  case uploadPhoto(visitor: Int, picture: [UInt8])
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
    case .logIn, .logInElsewhere: .logIn
    case .signOut: .signOut
    case .changePassword: .changePassword
    case .tryEnded: .tryEndedSession
    case .uploadPhoto: .uploadPhoto
    case .readFeed: .readFeed
    case .readPopular: .readPopular
    case .readPost: .readPost
    case .readFollow, .readLike: .readTie
    case .post: .post
    case .follow, .unfollow: .follow
    case .like, .unlike: .like
    }
  }

  /// Whose session must not end before it has its answer.
  var holder: Int? {
    switch self {
    case .readFeed(let visitor), .readPost(let visitor, _), .readFollow(let visitor, _),
      .readLike(let visitor, _), .post(let visitor, _, _), .follow(let visitor, _),
      .unfollow(let visitor, _), .like(let visitor, _), .unlike(let visitor, _), .uploadPhoto(let visitor, _):
      visitor
    // What is popular is for everybody. Who logs in or out does nothing else.
    case .readPopular, .readLaunchPage, .joinWaitlist, .signUp, .logIn, .logInElsewhere, .signOut,
      .changePassword, .tryEnded:
      nil
    }
  }
}
