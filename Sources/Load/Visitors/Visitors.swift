// The visitors of one loop at work: they decide, send, read the answer, and write down what was acknowledged.

import HeightsHTTP
import HeightsRuntime
import History
import Workload

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

  static let noSession = "no session in the answer"
  private static let notWritten = Outcome.failed(kind: "ledger not written")

  let client: HTTPClient
  private let ledger: LedgerWriter
  private let history: HistoryWriter?
  var crowd: Crowd
  /// Likes that count already: once more changes nothing.
  private var counted: Set<Pair> = []

  init(_ crowd: Crowd, client: HTTPClient, ledger: LedgerWriter, history: HistoryWriter? = nil) {
    loop = client.loop
    self.client = client
    self.ledger = ledger
    self.history = history
    self.crowd = crowd
  }

  var names: [String] { crowd.visitors.map(\.name) }
  var posts: [String] { crowd.posts }
  var count: Int { crowd.visitors.count }

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
    crowd.begin(visit)
    defer { crowd.end(visit) }
    return await carryOut(visit)
  }

  private func carryOut(_ visit: Visit) async -> Outcome {
    switch visit {
    case .readLaunchPage: Outcome(await client.send(SummitAPI.launchPage))
    case .joinWaitlist(let email): await joinWaitlist(email)
    case .signUp(let visitor): await signUp(visitor)
    case .logIn(let visitor): await logIn(visitor)
    case .logInElsewhere(let visitor): await logInElsewhere(visitor)
    case .signOut(let visitor): await signOut(visitor)
    case .changePassword(let visitor, let password): await changePassword(visitor, to: password)
    case .tryEnded(let session): await tryEnded(session)
    case .readFeed(let visitor): await read(SummitAPI.feed(cookie: cookie(visitor)), visitor)
    case .readPopular(let visitor): await read(SummitAPI.popular(cookie: cookie(visitor)), visitor)
    case .readPost(let visitor, let post): await readPost(visitor, post)
    case .readFollow(let visitor, let pair):
      await readTie(visitor, SummitAPI.isFollowing(pair), HistoryKey.follow(pair))
    case .readLike(let visitor, let pair):
      await readTie(visitor, SummitAPI.hasLiked(pair), HistoryKey.like(pair))
    case .post(let visitor, let text, let key): await post(visitor, text, key)
    case .uploadPhoto(let visitor, let picture): await uploadPhoto(visitor, picture)
    case .follow(let visitor, let pair): await follow(visitor, pair)
    case .unfollow(let visitor, let pair): await unfollow(visitor, pair)
    case .like(let visitor, let pair): await like(visitor, pair)
    case .unlike(let visitor, let pair): await unlike(visitor, pair)
    }
  }

  func cookie(_ visitor: Int) -> String? { crowd.visitors[visitor].cookie }

  private func readPost(_ visitor: Int, _ post: String) async -> Outcome {
    let (answer, span) = await timed(SummitAPI.post(id: post, cookie: cookie(visitor)), visitor)
    if case .success(let response) = answer, response.isSuccess || response.status == 404 {
      // A post never changes, so that a copy of it is as good as the row: and one that was not found is none.
      let hash = SummitAPI.postText(response.body).map(PostText.hash)
      note(
        visitor, .read, HistoryKey.post(post), .ok, span, value: response.isSuccess ? hash : nil,
        from: .leader)
      if let likes = SummitAPI.postLikes(response.body) {
        note(visitor, .count, HistoryKey.likes(post), .ok, span, value: String(likes), from: .cache)
      }
    }
    return Outcome(answer)
  }

  /// That there is no such tie is an answer too.
  private func readTie(_ visitor: Int, _ request: ClientRequest, _ key: String) async -> Outcome {
    let (answer, span) = await timed(request.asked(with: cookie(visitor)), visitor)
    guard case .success(let response) = answer, response.isSuccess || response.status == 404 else {
      return Outcome(answer)
    }
    note(visitor, .read, key, .ok, span, value: response.isSuccess ? HistoryKey.there : nil, from: .session)
    return .succeeded
  }

  private func note(
    _ visitor: Int, _ action: History.Operation.Action, _ key: String, _ kind: History.Operation.Kind,
    _ span: Span,
    value: String? = nil, delta: Int? = nil, from: History.Operation.Origin? = nil
  ) {
    history?.add(
      crowd.visitors[visitor].name, action, key, kind, span, value: value, delta: delta, from: from)
  }

  private func note(
    _ visitor: Int, _ action: History.Operation.Action, _ key: String, _ written: Written,
    value: String? = nil, delta: Int? = nil
  ) {
    note(visitor, action, key, written.kind, written.span, value: value, delta: delta)
  }

  private func timed(
    _ request: ClientRequest, _ visitor: Int
  ) async -> (Result<ClientResponse, ClientFailure>, Span) {
    let beginNs = LoadRequest.nowNs
    let answer = await send(request, visitor)
    return (answer, Span(beginNs: beginNs, endNs: LoadRequest.nowNs))
  }

  /// Sends what a visitor asks, and keeps the cookies that come back, as its browser does.
  func send(_ request: ClientRequest, _ visitor: Int) async -> Result<ClientResponse, ClientFailure> {
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

  private func post(_ visitor: Int, _ text: String, _ key: String) async -> Outcome {
    let (author, hash) = (crowd.visitors[visitor].name, PostText.hash(text))
    guard announce(.postBegun(key: key, author: author, textHash: hash)) else { return Self.notWritten }
    let (answer, span) = await timed(SummitAPI.post(text, key: key, cookie: cookie(visitor)), visitor)
    let outcome = Outcome(answer)
    if let status = Self.refusal(answer) { ledger.append(.postRefused(key: key, status: status)) }
    guard outcome == .succeeded, case .success(let response) = answer else { return outcome }
    guard let id = SummitAPI.postID(response.body) else { return .failed(kind: "no post id in the answer") }
    ledger.append(.post(id: id, author: author, textHash: hash))
    note(visitor, .write, HistoryKey.post(id), .ok, span, value: hash)
    crowd.learn(posts: [id])
    return .succeeded
  }

  /// The app keeps the bytes as they are.
  private func uploadPhoto(_ visitor: Int, _ picture: [UInt8]) async -> Outcome {
    let answer = await send(SummitAPI.upload(picture, cookie: cookie(visitor)), visitor)
    let outcome = Outcome(answer)
    guard outcome == .succeeded, case .success(let response) = answer else { return outcome }
    guard let key = SummitAPI.photoKey(response.body) else {
      return .failed(kind: "no photo key in the answer")
    }
    ledger.append(.photo(key: key, bytesHash: Checksum.of(picture)))
    return .succeeded
  }

  private func follow(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.follow(pair.object, "PUT", cookie: cookie(visitor))
    let written = await write(
      request, visitor, announced: .followBegun(pair), acknowledged: .follow(pair),
      refused: { .followRefused(pair, status: $0) })
    note(visitor, .write, HistoryKey.follow(pair), written, value: HistoryKey.there)
    crowd.endFollow(pair, isSettled: written.isSettled)
    return written.outcome
  }

  private func like(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.like(post: pair.object, "PUT", cookie: cookie(visitor))
    let written = await write(
      request, visitor, announced: .likeBegun(pair), acknowledged: .like(pair),
      refused: { .likeRefused(pair, status: $0) })
    note(visitor, .write, HistoryKey.like(pair), written, value: HistoryKey.there)
    if counted.insert(pair).inserted {
      note(visitor, .add, HistoryKey.likes(pair.object), written, delta: 1)
    }
    crowd.endLike(pair, isSettled: written.isSettled)
    return written.outcome
  }

  private func unfollow(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.follow(pair.object, "DELETE", cookie: cookie(visitor))
    let written = await write(
      request, visitor, announced: .unfollowBegun(pair), acknowledged: .unfollow(pair))
    note(visitor, .write, HistoryKey.follow(pair), written)
    return written.outcome
  }

  private func unlike(_ visitor: Int, _ pair: Pair) async -> Outcome {
    let request = SummitAPI.like(post: pair.object, "DELETE", cookie: cookie(visitor))
    let written = await write(
      request, visitor, announced: .unlikeBegun(pair), acknowledged: .unlike(pair))
    note(visitor, .write, HistoryKey.like(pair), written)
    note(visitor, .add, HistoryKey.likes(pair.object), written, delta: -1)
    return written.outcome
  }

  /// A write is announced in the ledger before it is sent: if this process ends before the answer comes, either state
  /// is right, and what is there without an announcement was sent by nobody.
  private func write(
    _ request: ClientRequest, _ visitor: Int, announced: LedgerRecord, acknowledged: LedgerRecord,
    refused: (Int) -> LedgerRecord? = { _ in nil }
  ) async -> Written {
    let nowNs = LoadRequest.nowNs
    guard announce(announced) else {
      return Written(outcome: Self.notWritten, kind: .failed, span: Span(beginNs: nowNs, endNs: nowNs))
    }
    let (answer, span) = await timed(request, visitor)
    let outcome = Outcome(answer)
    if outcome == .succeeded { ledger.append(acknowledged) }
    if let record = Self.refusal(answer).flatMap(refused) { ledger.append(record) }
    return Written(
      outcome: outcome, kind: Self.kind(answer), span: span, isSettled: Self.isSettled(answer))
  }

  /// An answer that came to a second sending says nothing of the first: a server that stood still may take it up later.
  static func isSettled(_ answer: Result<ClientResponse, ClientFailure>) -> Bool {
    guard case .success(let response) = answer else { return false }
    return response.isSuccess && !response.isOfSecondTry
  }

  /// What was refused as too much or too late may yet take effect; what was refused as a mistake must not.
  static func kind(_ answer: Result<ClientResponse, ClientFailure>) -> History.Operation.Kind {
    guard case .success(let response) = answer else { return .unknown }
    return response.isSuccess ? .ok : response.status < 500 ? .failed : .unknown
  }

  private func announce(_ record: LedgerRecord) -> Bool {
    ledger.append(record)
    return (try? ledger.flush()) != nil
  }

  /// The status of an answer that says no.
  private static func refusal(_ answer: Result<ClientResponse, ClientFailure>) -> Int? {
    guard case .success(let response) = answer, !response.isSuccess else { return nil }
    return response.status
  }
}

/// What became of a follow, a like, or its undoing.
private struct Written {
  let outcome: Outcome
  let kind: History.Operation.Kind
  let span: Span
  /// Whether it was carried out, and no copy of it is under way any more.
  var isSettled = false
}

extension Outcome {
  init(_ result: Result<ClientResponse, ClientFailure>) {
    switch result {
    case .success(let response):
      self = response.isSuccess ? .succeeded : .failed(kind: "HTTP \(response.status)")
    case .failure(.timedOut): self = .timedOut
    case .failure(let failure): self = .failed(kind: failure.kind)
    }
  }
}
