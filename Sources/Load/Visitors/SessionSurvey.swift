// Is everybody who was logged in still logged in, and nobody by a session that is over?

import Foundation
import HeightsHTTP
import HeightsRuntime
import Policies

/// What became of the visitors' sessions. `lost`, `letIn` and `unreadable` all 0 is the only good result.
public struct SessionReport: Sendable, Equatable, Codable {
  /// Sessions that must be alive, each asked for with its own cookie.
  public internal(set) var checked = 0
  /// The app does not know the session, or takes it for somebody else's.
  public internal(set) var lost = 0
  /// Sessions that are over, by a sign-out, a change of the password, or a log-in in the same browser, and were tried at
  /// the end of the run.
  public internal(set) var ended = 0
  /// Those of them that have let somebody in, at the end or at any time of the run.
  public internal(set) var letIn = 0
  /// The app could not say, also after several tries.
  public internal(set) var unreadable = 0
  /// The first of those lost, let in or unreadable, at most 10, with what is wrong.
  public internal(set) var examples: [String] = []

  /// Every session that should hold holds, and none that is over lets anybody in.
  public var isComplete: Bool { lost == 0 && letIn == 0 && unreadable == 0 }

  mutating func count(_ question: SessionQuestion, _ answer: SessionQuestion.Answer) {
    switch question {
    case .isAlive: checked += 1
    case .isOver: ended += 1
    }
    switch answer {
    // What was let in counts once, whenever it was.
    case .kept, .refused, .letIn: return
    case .lost(let what):
      lost += 1
      tell("session of \(question.name): \(what)")
    case .unreadable(let what):
      unreadable += 1
      tell("session of \(question.name): can't be read (\(what))")
    }
  }

  mutating func countLetIn(_ sessions: EndedSessions) {
    letIn += sessions.letIn
    sessions.examples.forEach { tell($0) }
  }

  private mutating func tell(_ example: String) { if examples.count < 10 { examples.append(example) } }

  mutating func merge(_ other: SessionReport) {
    checked += other.checked
    lost += other.lost
    ended += other.ended
    letIn += other.letIn
    unreadable += other.unreadable
    examples = Array((examples + other.examples).prefix(10))
  }
}

/// A session that must be alive.
struct LiveSession: Sendable, Equatable {
  /// Whose it must be.
  let name: String
  let cookie: String?
}

/// Something to ask the app with a session.
enum SessionQuestion: Sendable {
  case isAlive(LiveSession)
  case isOver(EndedSession)

  enum Answer: Equatable {
    case kept, refused
    case lost(String)
    case letIn
    case unreadable(String)
  }

  var name: String {
    switch self {
    case .isAlive(let session): session.name
    case .isOver(let session): session.name
    }
  }

  var request: ClientRequest {
    switch self {
    case .isAlive(let session): SummitAPI.me(cookie: session.cookie)
    case .isOver(let session): SummitAPI.me(cookie: session.cookie)
    }
  }

  func judge(_ response: ClientResponse) -> Answer {
    guard response.isSuccess || response.status == 401 else { return .unreadable("HTTP \(response.status)") }
    switch self {
    case .isOver: return response.isSuccess ? .letIn : .refused
    case .isAlive(let session):
      guard response.isSuccess else { return .lost("not logged in any more") }
      guard let name = SummitAPI.accountName(response.body) else {
        return .unreadable("no name in the answer")
      }
      return name == session.name ? .kept : .lost("taken for \(name)")
    }
  }
}

/// Asks with each session's cookie who it is.
enum SessionSurvey {
  private static let parallel = 16
  private static let tries = 6
  private static let pauses = BackOff(firstMs: 100, limitMs: 1_600)
  /// After so many that could not be read the rest get one try each: the app had its chances.
  private static let patienceSessions = 32

  static func answers(
    _ questions: [SessionQuestion], _ client: HTTPClient
  ) async -> [(SessionQuestion, SessionQuestion.Answer)] {
    await withTaskGroup(of: (SessionQuestion, SessionQuestion.Answer).self) { tasks in
      var answers: [(SessionQuestion, SessionQuestion.Answer)] = []
      var unreadable = 0
      var rest = questions.makeIterator()
      let start = { (tasks: inout TaskGroup<(SessionQuestion, SessionQuestion.Answer)>) in
        guard let question = rest.next() else { return }
        let tries = unreadable < Self.patienceSessions ? Self.tries : 1
        tasks.addTask { (question, await ask(question, client, tries: tries)) }
      }
      for _ in 0..<parallel { start(&tasks) }
      while let answer = await tasks.next() {
        answers.append(answer)
        if case .unreadable = answer.1 { unreadable += 1 }
        start(&tasks)
      }
      return answers
    }
  }

  /// A busy or restarting app gets a few more chances to answer; 'not logged in' is an answer.
  private static func ask(
    _ question: SessionQuestion, _ client: HTTPClient, tries: Int
  ) async -> SessionQuestion.Answer {
    var answer = SessionQuestion.Answer.unreadable("not asked")
    for attempt in 1...tries {
      switch await client.send(question.request) {
      case .success(let response): answer = question.judge(response)
      case .failure(let failure): answer = .unreadable(failure.kind)
      }
      guard case .unreadable = answer, attempt < tries else { return answer }
      do { try await client.loop.sleep(ms: pauses.ms(afterFailures: attempt)) } catch { return answer }
    }
    return answer
  }
}
