// What a checker finds: contradictions, each with the fewest operations that make it.

/// A promise that a history breaks.
public enum Promise: String, Codable, Sendable, CaseIterable {
  case linearizable
  case neverMadeUp = "no-read-of-what-was-never-written"
  case noLostUpdate = "no-lost-update"
  case readYourWrites = "read-your-writes"
  case monotonicReads = "monotonic-reads"
  case monotonicWrites = "monotonic-writes"
  case writesFollowReads = "writes-follow-reads"
}

/// Operations that can't all be true.
public struct Contradiction: Codable, Equatable, Sendable {
  /// What the operations break.
  public let promise: Promise
  /// What the last of them that read was about; else the first.
  public let key: String
  /// The fewest that contradict each other, in the order of their begin.
  public let operations: [Operation]

  init(_ promise: Promise, _ operations: [Operation]) {
    self.promise = promise
    key = operations.last { $0.isRead }?.key ?? operations.first?.key ?? ""
    self.operations = operations.sorted { ($0.beginNs, $0.id) < ($1.beginNs, $1.id) }
  }
}

/// The judgement of a history.
public struct Verdict: Codable, Equatable, Sendable {
  /// How many were judged.
  public let operations: Int
  /// How many they were about.
  public let keys: Int
  /// How many asked for them.
  public let sessions: Int
  /// At most one for each key and promise.
  public let contradictions: [Contradiction]
  /// Keys whose operations overlap so much that the search for an order was given up.
  public let undecided: [String]

  /// Nothing contradicts anything, and nothing was left open.
  public var isGood: Bool { contradictions.isEmpty && undecided.isEmpty }
  /// The one with the fewest operations.
  public var smallest: Contradiction? { contradictions.min { $0.operations.count < $1.operations.count } }
}

/// Judges histories. No I/O, no clock.
public enum HistoryChecker {
  /// Judges a whole history, in whatever order its operations come. The time it takes is bounded: a key whose
  /// operations overlap too much is `undecided`.
  public static func check(_ history: [Operation]) -> Verdict {
    let byKey = Dictionary(grouping: history, by: \.key)
    var contradictions: [Contradiction] = []
    var undecided: [String] = []
    for (_, operations) in byKey.sorted(by: { $0.key < $1.key }) {
      if operations.contains(where: \.isOfCounter) {
        contradictions += CounterCheck.contradictions(operations)
        continue
      }
      if let made = MadeUp.contradiction(operations) {
        contradictions.append(made)
        continue
      }
      switch RegisterSearch.judge(operations) {
      case .ordered: break
      case .contradiction(let found): contradictions.append(found)
      case .undecided: undecided.append(operations[0].key)
      }
    }
    contradictions += SessionCheck.contradictions(history)
    return Verdict(
      operations: history.count, keys: byKey.count, sessions: Set(history.map(\.session)).count,
      contradictions: contradictions, undecided: undecided)
  }
}

/// A read, from anywhere, of a value that nobody can have written by then.
enum MadeUp {
  static func contradiction(_ operations: [Operation]) -> Contradiction? {
    operations.first { read in
      read.isAnsweredRead && read.value != nil
        && !operations.contains { $0.mayHaveEffect && $0.value == read.value && $0.beginNs < read.endNs }
    }.map { Contradiction(.neverMadeUp, [$0]) }
  }
}
