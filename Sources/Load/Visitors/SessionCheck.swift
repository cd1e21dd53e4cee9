// Is everybody who was logged in still logged in?

import Foundation
import HeightsKit

/// What became of the visitors' sessions. `lost` and `unreadable` both 0 is the only good result.
public struct SessionReport: Sendable, Equatable, Codable {
  /// Visitors with a session, each asked for with its own cookie.
  public internal(set) var checked = 0
  /// The app does not know the session, or takes it for somebody else's.
  public internal(set) var lost = 0
  /// The app could not say, also after several tries.
  public internal(set) var unreadable = 0
  /// The first of those lost or unreadable, at most 10, with what is wrong.
  public internal(set) var examples: [String] = []

  public var isComplete: Bool { lost == 0 && unreadable == 0 }

  enum Answer: Equatable {
    case kept
    case lost(String)
    case unreadable(String)
  }

  mutating func count(_ name: String, _ answer: Answer) {
    checked += 1
    switch answer {
    case .kept: return
    case .lost(let what):
      lost += 1
      if examples.count < 10 { examples.append("session of \(name): \(what)") }
    case .unreadable(let what):
      unreadable += 1
      if examples.count < 10 { examples.append("session of \(name): can't be read (\(what))") }
    }
  }

  mutating func merge(_ other: SessionReport) {
    checked += other.checked
    lost += other.lost
    unreadable += other.unreadable
    examples = Array((examples + other.examples).prefix(10))
  }
}

/// Asks with each visitor's cookies who it is.
enum SessionCheck {
  private static let parallel = 16
  private static let tries = 6
  private static let firstPauseMs = 100
  /// After so many that could not be read the rest get one try each: the app had its chances.
  private static let patienceSessions = 32

  static func report(_ visitors: [Visitor], _ client: HTTPClient) async -> SessionReport {
    await withTaskGroup(of: (Visitor, SessionReport.Answer).self) { tasks in
      var report = SessionReport()
      var rest = visitors.makeIterator()
      let start = { (tasks: inout TaskGroup<(Visitor, SessionReport.Answer)>) in
        guard let visitor = rest.next() else { return }
        let tries = report.unreadable < Self.patienceSessions ? Self.tries : 1
        tasks.addTask { (visitor, await ask(visitor, client, tries: tries)) }
      }
      for _ in 0..<parallel { start(&tasks) }
      while let (visitor, answer) = await tasks.next() {
        report.count(visitor.name, answer)
        start(&tasks)
      }
      return report
    }
  }

  /// A busy or restarting app gets a few more chances to answer; 'not logged in' is an answer.
  private static func ask(_ visitor: Visitor, _ client: HTTPClient, tries: Int) async -> SessionReport.Answer
  {
    var answer = SessionReport.Answer.unreadable("not asked")
    for attempt in 0..<tries {
      switch await client.send(SummitAPI.me(cookie: visitor.cookie)) {
      case .success(let response): answer = judge(response, visitor)
      case .failure(let failure): answer = .unreadable(failure.kind)
      }
      guard case .unreadable = answer, attempt < tries - 1 else { return answer }
      do { try await client.loop.sleep(ms: firstPauseMs << attempt) } catch { return answer }
    }
    return answer
  }

  static func judge(_ response: ClientResponse, _ visitor: Visitor) -> SessionReport.Answer {
    if response.status == 401 { return .lost("not logged in any more") }
    guard response.isSuccess else { return .unreadable("HTTP \(response.status)") }
    guard let name = SummitAPI.accountName(response.body) else { return .unreadable("no name in the answer") }
    return name == visitor.name ? .kept : .lost("taken for \(name)")
  }
}
