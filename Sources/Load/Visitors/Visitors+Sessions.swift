// Visitors log in and out, change their passwords, and try whether sessions that have ended still let somebody in.

import HeightsHTTP

/// What is acknowledged is expected from then on. Where no answer says whether a session is over (none came, or a 5xx), it
/// is expected neither to live nor to be over.
extension Visitors {
  private static let letIn = "an ended session was let in"
  private static let noForm = "no form in the page"

  /// Whether the app still knows everybody's session, and none of those that are over.
  func checkSessions() async -> SessionReport {
    let questions =
      crowd.liveSessions.map { SessionQuestion.isAlive($0) }
      + crowd.ended.kept.map { .isOver($0) }
    var report = SessionReport()
    for (question, answer) in await SessionSurvey.answers(questions, client) {
      if case (.isOver(let session), .letIn) = (question, answer) { crowd.countLetIn(session) }
      report.count(question, answer)
    }
    report.countLetIn(crowd.ended)
    return report
  }

  func logIn(_ visitor: Int) async -> Outcome {
    let former = cookie(visitor)
    let (outcome, cookies) = await begin(SummitAPI.logIn(crowd.visitors[visitor], cookie: former))
    crowd.take(cookies, of: visitor)
    crowd.settle(visitor, outcome == .succeeded ? .loggedIn : .loggedOut)
    if outcome == .succeeded { await tryAtOnce(end([former], of: visitor, by: .logIn)) }
    return outcome
  }

  func logInElsewhere(_ visitor: Int) async -> Outcome {
    let former = crowd.visitors[visitor].otherCookie
    let (outcome, cookies) = await begin(SummitAPI.logIn(crowd.visitors[visitor], cookie: former))
    crowd.takeElsewhere(cookies, of: visitor)
    crowd.settle(visitor, .loggedIn)
    if outcome == .succeeded { await tryAtOnce(end([former], of: visitor, by: .logIn)) }
    return outcome
  }

  /// A log-in.
  /// - Returns: the cookies that it has set; none unless it succeeded.
  private func begin(_ request: ClientRequest) async -> (Outcome, [String]) {
    let answer = await client.send(request)
    let outcome = Outcome(answer)
    guard outcome == .succeeded, case .success(let response) = answer else { return (outcome, []) }
    return response.cookies.isEmpty ? (.failed(kind: Self.noSession), []) : (.succeeded, response.cookies)
  }

  func signOut(_ visitor: Int) async -> Outcome {
    let former = cookie(visitor)
    let answer = await send(SummitAPI.signOut(cookie: former), visitor)
    crowd.settle(visitor, Self.kind(answer) == .failed ? .loggedIn : .loggedOut)
    let outcome = Outcome(answer)
    if outcome == .succeeded { await tryAtOnce(end([former], of: visitor, by: .signOut)) }
    return outcome
  }

  /// As a browser does it: with the form of a page. Both browsers' sessions end; this one gets a new one.
  func changePassword(_ visitor: Int, to password: String) async -> Outcome {
    let page = await send(SummitAPI.settings(cookie: cookie(visitor)), visitor)
    guard case .success(let form) = page, form.isSuccess, let token = SummitAPI.formToken(form.body) else {
      crowd.settle(visitor, .loggedIn)
      let outcome = Outcome(page)
      return outcome == .succeeded ? .failed(kind: Self.noForm) : outcome
    }
    let formers = [cookie(visitor), crowd.visitors[visitor].otherCookie]
    let request = SummitAPI.changePassword(
      from: crowd.visitors[visitor].password, to: password, token: token, cookie: formers[0])
    let answer = await send(request, visitor)
    // Leads back to the page, with a new session. To the page where one logs in it leads without.
    guard case .success(let response) = answer, response.status == 303, !response.cookies.isEmpty else {
      crowd.settle(visitor, Self.kind(answer) == .failed ? .loggedIn : .retired)
      return Outcome(answer)
    }
    crowd.change(passwordOf: visitor, to: password)
    crowd.settle(visitor, .loggedIn)
    await tryAtOnce(end(formers, of: visitor, by: .passwordChange))
    return .succeeded
  }

  private func end(
    _ cookies: [String?], of visitor: Int, by ending: EndedSession.Ending
  ) -> [EndedSession] {
    cookies.compactMap { crowd.end(sessionIn: $0, of: visitor, by: ending) }
  }

  /// In the moment after it has ended, when a follower or a cache may not know it yet. An answer that is none does not
  /// matter: they are tried again later.
  private func tryAtOnce(_ sessions: [EndedSession]) async {
    for session in sessions { _ = await tryEnded(session) }
  }

  /// That it is refused is a success.
  func tryEnded(_ session: EndedSession) async -> Outcome {
    let answer = await client.send(SummitAPI.me(cookie: session.cookie))
    guard case .success(let response) = answer else { return Outcome(answer) }
    switch SessionQuestion.isOver(session).judge(response) {
    case .refused: return .succeeded
    case .letIn:
      crowd.countLetIn(session)
      return .failed(kind: Self.letIn)
    case .kept, .lost, .unreadable: return Outcome(answer)
    }
  }
}
