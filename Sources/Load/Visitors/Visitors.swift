// The visitors of one loop at work: they decide, send, read the answer, and write down what was acknowledged.

import HeightsKit

/// How a visit ended.
enum Outcome: Sendable, Equatable {
  case succeeded
  case failed(kind: String)
  case timedOut

  /// The kind under which a report counts it, or nil for a success.
  var errorKind: String? {
    switch self {
    case .succeeded: nil
    case .failed(let kind): kind
    case .timedOut: ClientFailure.timedOut.kind
    }
  }
}

/// A crowd with a connection to the app and a ledger. Everything happens on one loop.
actor Visitors {
  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private static let noSession = "no session in the answer"

  private let client: HTTPClient
  private let ledger: LedgerWriter
  private var crowd: Crowd

  init(_ crowd: Crowd, client: HTTPClient, ledger: LedgerWriter) {
    loop = client.loop
    self.client = client
    self.ledger = ledger
    self.crowd = crowd
  }

  var names: [String] { crowd.visitors.map(\.name) }
  var posts: [String] { crowd.posts }
  var count: Int { crowd.visitors.count }

  /// Whether the app still knows everybody's session.
  func checkSessions() async -> SessionReport { await SessionCheck.report(crowd.visitors, client) }

  /// What the other loops' visitors have made, and this crowd's own.
  func learn(authors: [String]) { crowd.learn(authors: authors) }
  func learn(posts: [String]) { crowd.learn(posts: posts) }

  /// Someone does `action`, or the nearest thing to it that can be done; `begun` is told which.
  func act(_ action: Action, begun: (Action) -> Void) async -> Outcome {
    let visit = crowd.decide(action)
    begun(visit.action)
    return await perform(visit)
  }

  func signUpSomeone() async -> Outcome { await perform(.signUp(crowd.newVisitor())) }
  func post(by visitor: Int) async -> Outcome { await perform(crowd.newPost(by: visitor)) }

  func followSomeone(by visitor: Int) async -> Outcome {
    guard let visit = crowd.newFollow(by: visitor) else { return .succeeded }
    return await perform(visit)
  }

  private func perform(_ visit: Visit) async -> Outcome {
    switch visit {
    case .readLaunchPage: Outcome(await client.send(SummitAPI.launchPage))
    case .joinWaitlist(let email): await joinWaitlist(email)
    case .signUp(let visitor): await signUp(visitor)
    case .logIn(let visitor): await logIn(visitor)
    case .readFeed(let visitor): await read(SummitAPI.feed(cookie: cookie(visitor)), visitor)
    case .readPopular(let visitor): await read(SummitAPI.popular(cookie: cookie(visitor)), visitor)
    case .readPost(let visitor, let post):
      await read(SummitAPI.post(id: post, cookie: cookie(visitor)), visitor)
    case .post(let visitor, let text, let key): await post(visitor, text, key)
    case .follow(let visitor, let pair): await follow(visitor, pair)
    case .unfollow(let visitor, let pair): await unfollow(visitor, pair)
    case .like(let visitor, let pair): await like(visitor, pair)
    case .unlike(let visitor, let pair): await unlike(visitor, pair)
    }
  }

  private func cookie(_ visitor: Int) -> String? { crowd.visitors[visitor].cookie }

  /// Sends what a visitor asks, and keeps the cookies that come back, as its browser does.
  private func send(_ request: ClientRequest, _ visitor: Int) async -> Result<ClientResponse, ClientFailure> {
    let answer = await client.send(request)
    if case .success(let response) = answer { crowd.take(response.cookies, of: visitor) }
    return answer
  }

  private func read(_ request: ClientRequest, _ visitor: Int) async -> Outcome {
    Outcome(await send(request, visitor))
  }

  private func joinWaitlist(_ email: String) async -> Outcome {
    let outcome = Outcome(await client.send(SummitAPI.joinWaitlist(email: email)))
    if outcome == .succeeded { ledger.append(.waitlist(email: email)) }
    return outcome
  }

  private func signUp(_ visitor: Visitor) async -> Outcome {
    let answer = await client.send(SummitAPI.signUp(visitor))
    let outcome = Outcome(answer)
    guard outcome == .succeeded, case .success(let response) = answer else { return outcome }
    ledger.append(.account(name: visitor.name))
    guard let cookie = Cookies.header(nil, setting: response.cookies) else {
      return .failed(kind: Self.noSession)
    }
    var visitor = visitor
    visitor.cookie = cookie
    crowd.join(visitor)
    return .succeeded
  }

  private func logIn(_ visitor: Int) async -> Outcome {
    let answer = await send(SummitAPI.logIn(crowd.visitors[visitor]), visitor)
    let outcome = Outcome(answer)
    guard outcome == .succeeded, case .success(let response) = answer else { return outcome }
    return response.cookies.isEmpty ? .failed(kind: Self.noSession) : .succeeded
  }

  private func post(_ visitor: Int, _ text: String, _ key: String) async -> Outcome {
    let answer = await send(SummitAPI.post(text, key: key, cookie: cookie(visitor)), visitor)
    let outcome = Outcome(answer)
    guard outcome == .succeeded, case .success(let response) = answer else { return outcome }
    guard let id = SummitAPI.postID(response.body) else { return .failed(kind: "no post id in the answer") }
    let author = crowd.visitors[visitor].name
    ledger.append(.post(id: id, author: author, textHash: PostText.hash(text)))
    crowd.learn(posts: [id])
    return .succeeded
  }

  private func follow(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.follow(pair.object, "PUT", cookie: cookie(visitor))
    let outcome = await write(request, visitor, acknowledged: .follow(pair))
    crowd.endFollow(pair, acknowledged: outcome == .succeeded)
    return outcome
  }

  private func like(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.like(post: pair.object, "PUT", cookie: cookie(visitor))
    let outcome = await write(request, visitor, acknowledged: .like(pair))
    crowd.endLike(pair, acknowledged: outcome == .succeeded)
    return outcome
  }

  private func unfollow(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.follow(pair.object, "DELETE", cookie: cookie(visitor))
    return await undo(request, visitor, announced: .unfollowBegun(pair), acknowledged: .unfollow(pair))
  }

  private func unlike(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.like(post: pair.object, "DELETE", cookie: cookie(visitor))
    return await undo(request, visitor, announced: .unlikeBegun(pair), acknowledged: .unlike(pair))
  }

  /// Undoing what the ledger holds is announced in it first: if this process ends before the answer comes, nobody may
  /// expect the old state any more.
  private func undo(
    _ request: ClientRequest, _ visitor: Int, announced: LedgerRecord, acknowledged: LedgerRecord
  ) async -> Outcome {
    ledger.append(announced)
    do { try ledger.flush() } catch { return .failed(kind: "ledger not written") }
    return await write(request, visitor, acknowledged: acknowledged)
  }

  private func write(
    _ request: ClientRequest, _ visitor: Int, acknowledged record: LedgerRecord
  ) async -> Outcome {
    let outcome = Outcome(await send(request, visitor))
    if outcome == .succeeded { ledger.append(record) }
    return outcome
  }
}

extension Outcome {
  fileprivate init(_ result: Result<ClientResponse, ClientFailure>) {
    switch result {
    case .success(let response):
      self = response.isSuccess ? .succeeded : .failed(kind: "HTTP \(response.status)")
    case .failure(.timedOut): self = .timedOut
    case .failure(let failure): self = .failed(kind: failure.kind)
    }
  }
}
