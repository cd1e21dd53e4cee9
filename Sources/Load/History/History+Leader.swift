// The end of a history: what the leader has of each key that was written to.

import History

extension LedgerVerification {
  /// Reads every key of a history where its newest state is, and adds what it found to the file.
  /// - Throws: `LoadError`.
  public func readLeader(intoHistory path: String) async throws {
    guard let stores else { return }
    let history = try HistoryFile.read(path)
    let beginNs = LoadRequest.nowNs
    let (rows, _) = try await read(Ledger.read(path: ledgerPath), stores)
    let span = Span(beginNs: beginNs, endNs: LoadRequest.nowNs)
    let writer = try HistoryWriter(path: path, continuing: history.map(\.id).max() ?? -1)
    for key in Set(history.map(\.key)).sorted() {
      guard let value = rows.value(of: key) else { continue }
      writer.add(
        "the leader", HistoryKey.isCounter(key) ? .count : .read, key, .ok, span, value: value, from: .leader)
    }
    try writer.flush()
  }
}

/// The keys of a history, as a run and the databases name them.
enum HistoryKey {
  static func post(_ id: String) -> String { "post:\(id)" }
  static func likes(_ post: String) -> String { "likes:\(post)" }
  static func isCounter(_ key: String) -> Bool { key.hasPrefix("likes:") }
  static func like(_ pair: Pair) -> String { "like:\(pair.subject)/\(pair.object)" }
  static func follow(_ pair: Pair) -> String { "follow:\(pair.subject)/\(pair.object)" }
  /// What a tie holds that stands.
  static let there = "1"
}

extension StoredRows {
  /// What a key of a history holds, perhaps nothing; nil for one that the databases don't tell of.
  func value(of key: String) -> String?? {
    let parts = key.split(separator: ":", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return nil }
    let ends = parts[1].split(separator: "/", maxSplits: 1).map(String.init)
    switch parts[0] {
    case "post": return .some(posts[parts[1]]?.textHash)
    case "likes": return .some(likeCounts[parts[1]].map { String($0) })
    case "like" where ends.count == 2:
      return .some(likes.contains(Pair(subject: ends[0], object: ends[1])) ? HistoryKey.there : nil)
    case "follow" where ends.count == 2:
      return .some(follows.contains(Pair(subject: ends[0], object: ends[1])) ? HistoryKey.there : nil)
    default: return nil
    }
  }
}
