// One question to the app per acknowledged write, and what its answer means.

import HeightsHTTP

/// Something that the ledger says, and the request that shows whether it is so.
enum LedgerCheck: Sendable {
  case account(name: String)
  case post(id: String, Ledger.Post)
  case photo(key: String, bytesHash: String)
  case follow(Pair, stands: Bool)
  case like(Pair, stands: Bool)

  enum Answer: Equatable {
    case found
    /// With what is wrong, to be put behind the check's name.
    case missing(String)
    /// The app could not say; with its status.
    case unreadable(String)
  }

  /// As people are told.
  var name: String {
    switch self {
    case .account(let name): "account \(name)"
    case .post(let id, let post): "post \(id) by \(post.author)"
    case .photo(let key, _): "photo \(key)"
    case .follow(let pair, let stands):
      "\(stands ? "follow" : "unfollow") of \(pair.object) by \(pair.subject)"
    case .like(let pair, let stands):
      "\(stands ? "like" : "unlike") of post \(pair.object) by \(pair.subject)"
    }
  }

  var kind: String {
    switch self {
    case .account: "accounts"
    case .post: "posts"
    case .photo: "photos"
    case .follow: "follows"
    case .like: "likes"
    }
  }

  var request: ClientRequest {
    switch self {
    case .account(let name): SummitAPI.account(name)
    case .post(let id, _): SummitAPI.post(id: id)
    case .photo(let key, _): SummitAPI.photo(key)
    case .follow(let pair, _): SummitAPI.isFollowing(pair)
    case .like(let pair, _): SummitAPI.hasLiked(pair)
    }
  }

  func judge(_ response: ClientResponse) -> Answer {
    guard response.isSuccess || response.status == 404 else { return .unreadable("HTTP \(response.status)") }
    switch self {
    case .account: return response.isSuccess ? .found : .missing("not found")
    case .post(_, let post):
      guard response.isSuccess else { return .missing("not found") }
      guard let text = SummitAPI.postText(response.body) else { return .unreadable("no text in the answer") }
      return PostText.hash(text) == post.textHash ? .found : .missing("its text has changed")
    case .photo(_, let bytesHash):
      guard response.isSuccess else { return .missing("not found") }
      return Checksum.of(response.body) == bytesHash ? .found : .missing("its bytes have changed")
    case .follow(_, let stands), .like(_, let stands):
      if response.isSuccess == stands { return .found }
      return .missing(stands ? "not found" : "still there")
    }
  }
}

extension Ledger {
  /// Everything that can be asked over the app's API; the waitlist can't.
  var checks: [LedgerCheck] {
    let ties: ([Pair: TieState], (Pair, Bool) -> LedgerCheck) -> [LedgerCheck] = { states, check in
      states.compactMap { pair, state in
        state == .stands || state == .undone ? check(pair, state == .stands) : nil
      }
    }
    return accounts.map { .account(name: $0) } + posts.map { .post(id: $0.key, $0.value) }
      + photos.map { .photo(key: $0.key, bytesHash: $0.value) }
      + ties(follows) { .follow($0, stands: $1) } + ties(likes) { .like($0, stands: $1) }
  }

  /// Whether a check of an earlier reading is still right: what stood then may have begun to be undone since.
  func stillExpects(_ check: LedgerCheck) -> Bool {
    switch check {
    case .account, .post, .photo: true
    case .follow(let pair, let stands): !stands || follows[pair] == .stands
    case .like(let pair, let stands): !stands || likes[pair] == .stands
    }
  }

  /// Follows and likes of which no answer says whether they were undone.
  var inDoubtCount: Int {
    (Array(follows.values) + Array(likes.values)).count { $0 == .inDoubt }
  }
}
