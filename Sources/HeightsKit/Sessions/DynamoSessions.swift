// Sessions in a table of DynamoDB.
//
// | item | pk | sk | what else |
// | --- | --- | --- | --- |
// | a session | `session#HASH` | `session` | account, credentials, begun, touched, address, since, expires |
// | a mark of one that was ended | `session#HASH` | `session` | ended, expires |
// | an entry in an account's list | `account#ID` | `session#BEGUN#HASH` | credentials, expires |
// | the version of an account's credentials | `account#ID` | `credentials` | version |
//
// DynamoDB removes what has expired days later, if at all soon: readers look at the times themselves.

/// The items of sessions in one table.
struct DynamoSessions: SessionItems {
  /// A mark lives as long as any copy of its session may: a little longer than one that is not used.
  private static let markMs = SessionStore.idleMs + 24 * 3_600_000
  private static let session = "session"

  let table: DynamoTable
  let touches: DynamoTouches

  init(_ table: DynamoTable, on loop: EventLoop) {
    self.table = table
    touches = DynamoTouches(table, on: loop)
  }

  // MARK: Sessions

  func session(_ hash: [UInt8], since: Int) async throws -> SessionState {
    try await table.get(Self.key(hash)).map { Self.state($0, since) } ?? .unknown
  }

  func put(_ kept: KeptSession, since: Int) async throws -> Bool {
    let session = kept.session
    var item = Self.key(kept.hash)
    item["account"] = .text(session.account.description)
    item["credentials"] = .number(session.credentials)
    item["begun"] = .number(session.begunAtMs)
    item["touched"] = .number(session.touchedAtMs)
    item["address"] = kept.address.map { .text($0) }
    item["since"] = .number(Int64(since))
    item["expires"] = Self.expires(session)
    do {
      try await table.put(
        item,
        if:
          "attribute_not_exists(pk) OR (attribute_not_exists(ended) AND (since <> :since OR touched < :touched))",
        [":since": .number(Int64(since)), ":touched": .number(session.touchedAtMs)])
      return true
    } catch let failed as DynamoConditionFailed {
      // Ours, of a try that was not answered, or one that is used later.
      return failed.item?["ended"] == nil
    }
  }

  func mark(_ hash: [UInt8], isKnown: Bool, nowMs: Int64) async throws -> SessionState? {
    do {
      let former = try await table.put(
        Self.mark(hash, nowMs), if: isKnown ? nil : "attribute_exists(pk)")
      return former.map { Self.state($0, nil) }
    } catch is DynamoConditionFailed { return nil }
  }

  func mark(_ hashes: [[UInt8]], nowMs: Int64) async throws {
    try await table.write(put: hashes.map { Self.mark($0, nowMs) })
  }

  func touch(
    _ session: KeptSession, since: Int, _ nowMs: Int64, done: @escaping @Sendable () async -> Void
  ) async throws {
    var touched = session.session
    touched.touchedAtMs = nowMs
    await touches.add(
      DynamoTouches.Touch(
        key: Self.key(session.hash), touchedAtMs: nowMs, expires: Self.expires(touched), since: since,
        done: done))
  }

  func writeTouches() async { await touches.writeWaiting() }

  func sessions(_ hashes: [[UInt8]], since: Int) async throws -> [KeptSession] {
    try await table.get(hashes.map(Self.key)).compactMap {
      if case .live(let session) = Self.state($0, since) { session } else { nil }
    }
  }

  // MARK: Accounts

  func list(_ kept: KeptSession) async throws {
    let session = kept.session
    var item = Self.key(session.account, (kept.hash, session.begunAtMs, session.credentials))
    item["credentials"] = .number(session.credentials)
    item["expires"] = .number((session.begunAtMs + SessionStore.lifetimeMs) / 1_000)
    try await table.put(item)
  }

  func unlist(_ entries: [Entry], of account: Identifier) async throws {
    try await table.write(remove: entries.map { Self.key(account, $0) })
  }

  func list(of account: Identifier) async throws -> [Entry] {
    var (entries, start): ([Entry], DynamoItem?) = ([], nil)
    repeat {
      let page = try await table.query(
        "pk = :pk AND begins_with(sk, :sk)",
        [":pk": .text("account#\(account)"), ":sk": .text("session#")], from: start, newestFirst: true)
      entries += page.items.compactMap(Self.entry)
      start = page.next
    } while start != nil
    return entries
  }

  func raise(_ account: Identifier, to version: Int64) async throws -> Bool {
    do {
      try await table.update(
        ["pk": .text("account#\(account)"), "sk": .text("credentials")], "SET version = :version",
        if: "attribute_not_exists(version) OR version <= :version", [":version": .number(version)])
      return true
    } catch is DynamoConditionFailed { return false }
  }

  // MARK: All of it

  private static let pageItems = 500

  /// - Parameter start: the keys of the item before, with a line break between.
  func page(from start: String?, since: Int) async throws -> SessionPage {
    let keys = start?.split(separator: "\n").map(String.init)
    let from = keys.flatMap { $0.count == 2 ? ["pk": .text($0[0]), "sk": .text($0[1])] : nil } as DynamoItem?
    let page = try await table.scan(from: from, limit: Self.pageItems)
    var result = SessionPage()
    for item in page.items {
      if case .live(let session) = Self.state(item, since) {
        result.sessions.append(session)
      } else if item["sk"]?.text == "credentials", let version = item["version"]?.number,
        let account = item["pk"]?.text.flatMap({ Identifier(String($0.dropFirst("account#".count))) })
      {
        result.credentials.append((account, version))
      }
    }
    if let pk = page.next?["pk"]?.text, let sk = page.next?["sk"]?.text { result.next = "\(pk)\n\(sk)" }
    return result
  }

  // MARK: Items

  private static func key(_ hash: [UInt8]) -> DynamoItem {
    ["pk": .text("session#\(hexadecimal(hash))"), "sk": .text(session)]
  }

  /// In the order of their beginning.
  private static func key(_ account: Identifier, _ entry: Entry) -> DynamoItem {
    let begun = String(entry.begunAtMs)
    let digits = String(repeating: "0", count: max(0, 16 - begun.count)) + begun
    return ["pk": .text("account#\(account)"), "sk": .text("session#\(digits)#\(hexadecimal(entry.hash))")]
  }

  private static func mark(_ hash: [UInt8], _ nowMs: Int64) -> DynamoItem {
    var item = key(hash)
    item["ended"] = .number(nowMs)
    item["expires"] = .number((nowMs + markMs) / 1_000)
    return item
  }

  /// In seconds, as DynamoDB wants it.
  private static func expires(_ session: StoredSession) -> DynamoValue {
    let endMs = min(
      session.touchedAtMs + SessionStore.idleMs, session.begunAtMs + SessionStore.lifetimeMs)
    return .number(endMs / 1_000 + 1)
  }

  /// - Parameter since: nil for those of any time.
  private static func state(_ item: DynamoItem, _ since: Int?) -> SessionState {
    if item["ended"] != nil { return .ended }
    guard
      let hash = item["pk"]?.text.flatMap({
        bytes(ofHexadecimal: String($0.dropFirst("session#".count)), count: SessionToken.hashBytes)
      }),
      let account = item["account"]?.text.flatMap({ Identifier($0) }),
      let credentials = item["credentials"]?.number, let begun = item["begun"]?.number,
      let touched = item["touched"]?.number, let itsSince = item["since"]?.number,
      since.map({ Int64($0) == itsSince }) ?? true
    else { return .unknown }
    return .live(
      KeptSession(
        hash: hash,
        session: StoredSession(
          account: account, credentials: credentials, begunAtMs: begun, touchedAtMs: touched),
        address: item["address"]?.text))
  }

  private static func entry(_ item: DynamoItem) -> Entry? {
    guard let parts = item["sk"]?.text?.split(separator: "#"), parts.count == 3, let begun = Int64(parts[1]),
      let hash = bytes(ofHexadecimal: String(parts[2]), count: SessionToken.hashBytes),
      let credentials = item["credentials"]?.number
    else { return nil }
    return (hash, begun, credentials)
  }
}
