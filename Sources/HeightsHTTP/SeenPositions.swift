// What a session has seen of each cluster, so that it never reads anything older.

import Synchronization

/// A session's tokens during one request, from the cookie that came to the one that is sent back.
///
/// For each cluster: the position in the log of what the session has written or been shown by the leader, that leader's
/// timeline, and the follower that it has been reading from since. A follower's past is not known by its position when it was read, but
/// it only goes forward: so a session stays with its follower, or goes by way of the leader, which is ahead of all. Of more
/// clusters than a cookie has room for, those that it does not name are read at their leaders.
package final class SeenPositions: Sendable {
  package struct Token: Equatable {
    /// How far the log has to have been replayed by whoever is read.
    package var position: LogPosition
    /// The id of the follower; 0 for none.
    package var member: UInt32
    /// The highest of the leaders that have shown or written something; 0 for none.
    var timeline: UInt32 = 0
    /// Whether it may have written something that it was never told of: the leader would show that, and is asked while there
    /// is one. It has seen nothing of it, so without a leader a follower will do.
    package var isUnsure = false

    /// No less than both, which were seen side by side: of two followers only the leader is surely ahead.
    fileprivate func joined(_ other: Token) -> Token {
      let isOneMember = member == other.member || member == 0 || other.member == 0
      return Token(
        position: isOneMember ? max(position, other.position) : .end,
        member: isOneMember ? max(member, other.member) : 0,
        timeline: max(timeline, other.timeline), isUnsure: isUnsure || other.isUnsure)
    }

    /// Only the leader is surely ahead of it.
    static let unknown = Token(position: .end, member: 0)

    /// Whether a leader that answers from there has less than what was seen: it has been replaced and doesn't know, or
    /// its log was lost. On a newer timeline less may be all there is.
    package func refuses(_ position: LogPosition, on timeline: UInt32) -> Bool {
      if timeline != self.timeline { return timeline < self.timeline }
      // The end stands for what isn't known.
      return self.position != .end && position < self.position
    }
  }

  /// When a read at a leader began: what others have noted since is not to be lost.
  package struct Start {
    fileprivate let change: Int
    /// What had been seen of the leader's cluster.
    package let token: Token?
  }

  /// Where a copy was made.
  package struct Moment: Sendable {
    fileprivate let change: Int
  }

  static let cookieName = "seen"
  static let cookieBytesLimit = 2_048
  /// As many as fit into the cookie at their longest. What has been used least lately goes first.
  static let clusterLimit = 52

  private struct State {
    /// The one that was used last at the end; each with the number of its last change.
    var tokens: [(cluster: UInt32, token: Token, change: Int)] = []
    /// Whether there have been more clusters than tokens: of one without a token it isn't known what was seen.
    var hasForgotten = false
    var hasMoved = false
    var changes = 0
    /// The change that made the last token go.
    var lastForgotten = 0

    /// Which change was the last of a cluster's token.
    func lastChange(of cluster: UInt32) -> Int {
      tokens.first { $0.cluster == cluster }?.change ?? lastForgotten
    }

    /// Of clusters without a token it is not known any more what was seen.
    mutating func forget() {
      changes += 1
      (hasForgotten, hasMoved, lastForgotten) = (true, true, changes)
    }

    func token(of cluster: UInt32) -> Token? {
      tokens.first { $0.cluster == cluster }?.token ?? (hasForgotten ? .unknown : nil)
    }
  }

  private let state: Mutex<State>

  /// - Parameter cookie: what `cookie` was in an earlier answer. What can't be one counts as none.
  package init(cookie: String? = nil) {
    state = Mutex(cookie.flatMap(Self.parse) ?? State())
  }

  /// What the browser, or whoever has asked, is to keep; nil when it has that already.
  package var cookie: String? { state.withLock { $0.hasMoved ? Self.text(of: $0) : nil } }

  /// All of it, and the moment in which it was so, for one who works for the same session; nil for nothing.
  package var copy: (text: String?, moment: Moment) {
    state.withLock { state in
      let isNothing = state.tokens.isEmpty && !state.hasForgotten
      return (isNothing ? nil : Self.text(of: state), Moment(change: state.changes))
    }
  }

  private static func text(of state: State) -> String {
    let forgotten = state.hasForgotten ? [(cluster: Self.allOthers, token: Token.unknown)] : []
    return (forgotten + state.tokens.map { ($0.cluster, $0.token) }).map { entry in
      let token = entry.token
      // Who doesn't know the mark finds a position beyond every follower's, and asks the leader.
      let numbers = [
        UInt64(entry.cluster), token.position.bytes | (token.isUnsure ? Self.unsureMark : 0),
        UInt64(token.member), UInt64(token.timeline),
      ]
      return numbers.map { String($0, radix: 36) }.joined(separator: ".")
    }.joined(separator: "_")
  }

  /// What was seen of a cluster; nil for nothing.
  package func token(of cluster: UInt32) -> Token? {
    state.withLock { $0.token(of: cluster) }
  }

  // MARK: What moves it

  /// Somebody has worked for the session from a copy on, and tells what it has seen now. What can't be a cookie says nothing.
  package func take(_ cookie: String, since moment: Moment) {
    guard let other = Self.parse(cookie) else { return }
    for (cluster, told, _) in other.tokens {
      change(cluster) { token, lastChange in
        token = lastChange <= moment.change ? told : token.joined(told)
      } unless: {
        $0 == told
      }
    }
    if other.hasForgotten { state.withLock { $0.forget() } }
  }

  /// A follower is about to be read, which has replayed `position`. From now on the session stays with it.
  package func willRead(_ member: UInt32, from position: LogPosition, of cluster: UInt32) {
    change(cluster) { token in
      token.member = member
      token.position = max(token.position, position)
    } unless: {
      $0.member == member
    }
  }

  /// The follower has answered. Others may have led the session elsewhere meanwhile: then only the leader is surely
  /// ahead of what it said.
  package func hasRead(_ member: UInt32, of cluster: UInt32) {
    change(cluster) {
      $0 = Token(position: .end, member: 0, timeline: $0.timeline)
    } unless: {
      $0.member == member
    }
  }

  /// The leader is about to be read.
  package func willReadLeader(of cluster: UInt32) -> Start {
    state.withLock { Start(change: $0.lastChange(of: cluster), token: $0.token(of: cluster)) }
  }

  /// The leader has answered, and had written up to `position` afterwards. It decides what there is, so the token may
  /// move back too: after a failover that lost what only the old leader had.
  package func hasReadLeader(
    _ position: LogPosition, on timeline: UInt32, of cluster: UInt32, since start: Start
  ) {
    let isAlone = state.withLock { $0.lastChange(of: cluster) == start.change }
    change(cluster) { token in
      token.member = 0
      token.position = isAlone ? position : max(token.position, position)
      token.isUnsure = token.isUnsure && !isAlone
      token.timeline = isAlone ? timeline : max(token.timeline, timeline)
    } unless: {
      $0 == Token(position: position, member: 0, timeline: timeline)
    }
  }

  /// A transaction was committed before `position`; nil when that isn't known, or something of its has been shown though it
  /// was not: then only the leader will do.
  package func hasWritten(_ position: LogPosition?, on timeline: UInt32 = 0, of cluster: UInt32) {
    change(cluster) {
      $0.position = max($0.position, position ?? .end)
      $0.timeline = max($0.timeline, timeline)
      // What it may have written before, on the same log or one that has gone on from it, lies before this.
      if position != nil { $0.isUnsure = false }
    } unless: { _ in
      false
    }
  }

  /// A transaction got no answer: it may have been committed, and has shown nothing.
  package func mayHaveWritten(of cluster: UInt32) {
    change(cluster) {
      $0.isUnsure = true
    } unless: {
      $0.isUnsure
    }
  }

  /// Somebody who works for the session has not told what came of it: only leaders will surely do.
  package func mayHaveWrittenAnywhere() {
    state.withLock { state in
      for index in state.tokens.indices { state.tokens[index].token.isUnsure = true }
      state.forget()
    }
  }

  private func change(
    _ cluster: UInt32, _ change: (inout Token) -> Void, unless isSo: (Token) -> Bool
  ) {
    self.change(cluster, { token, _ in change(&token) }, unless: isSo)
  }

  /// - Parameter change: is given the number of the token's last change.
  private func change(
    _ cluster: UInt32, _ change: (inout Token, Int) -> Void, unless isSo: (Token) -> Bool
  ) {
    state.withLock { state in
      let index = state.tokens.firstIndex { $0.cluster == cluster }
      var token = state.token(of: cluster) ?? Token(position: .start, member: 0)
      if index != nil, isSo(token) { return }
      change(&token, state.lastChange(of: cluster))
      if let index { state.tokens.remove(at: index) }
      state.changes += 1
      state.tokens.append((cluster, token, state.changes))
      if state.tokens.count > Self.clusterLimit {
        state.tokens.removeFirst()
        state.hasForgotten = true
        state.lastForgotten = state.changes
      }
      state.hasMoved = true
    }
  }

  /// Of a position that a cookie carries; no log is that long.
  private static let unsureMark: UInt64 = 1 << 63
  /// Stands in a cookie for the clusters that have no token in it.
  private static let allOthers: UInt32 = 0

  // MARK: Reading a cookie

  private static func parse(_ text: String) -> State? {
    guard !text.isEmpty, text.utf8.count <= cookieBytesLimit else { return nil }
    var state = State()
    for part in text.split(separator: "_", omittingEmptySubsequences: false) {
      let numbers = part.split(separator: ".", omittingEmptySubsequences: false).map { UInt64($0, radix: 36) }
      guard numbers.count == 4, let cluster = numbers[0], let position = numbers[1], let member = numbers[2],
        let timeline = numbers[3], let cluster = UInt32(exactly: cluster),
        let member = UInt32(exactly: member),
        let timeline = UInt32(exactly: timeline),
        !state.tokens.contains(where: { $0.cluster == cluster }), state.tokens.count < clusterLimit
      else { return nil }
      if cluster == allOthers {
        state.hasForgotten = true
        continue
      }
      let isUnsure = position != LogPosition.end.bytes && position & unsureMark != 0
      let known = LogPosition(bytes: isUnsure ? position & ~unsureMark : position)
      state.tokens.append(
        (cluster, Token(position: known, member: member, timeline: timeline, isUnsure: isUnsure), 0))
    }
    return state
  }
}
