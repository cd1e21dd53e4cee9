// The waitlist: who wants to hear of the launch.

import Contract

/// Addresses, each stored once, in the shard of the address.
public struct Waitlist: Sendable {
  /// How large an import may be, and how many entries go through memory at once.
  private static let importLimitBytes = 8 << 20
  private static let pageSize = 1_000

  private static let migrations = [
    Migration(
      number: 1, name: "waitlist",
      sql: """
        CREATE TABLE waitlist (
          shard BIGINT NOT NULL,
          email TEXT NOT NULL,
          joined_at_ms BIGINT NOT NULL,
          PRIMARY KEY (shard, email)
        );
        """)
  ]

  /// One address, as the list is exported and imported: a line of JSON.
  private struct Entry: Codable, JSONWritable, Sendable {
    let email: String
    let joinedAtMs: Int64

    func write(to json: inout JSONWriter) {
      json.object {
        $0.member("email", email)
        $0.member("joinedAtMs", joinedAtMs)
      }
    }
  }

  private let database: Database

  /// Opens the list in the process's data folder.
  public init(_ context: AppContext) async throws {
    database = try await context.database("waitlist", migrations: Waitlist.migrations)
  }

  /// Stores an address, unless it is there already.
  public func join(_ address: EmailAddress) async throws {
    _ = try await add([Entry(email: address.description, joinedAtMs: wallClockMs())])
  }

  /// `GET /waitlist` gives the list as lines of JSON, `POST /waitlist` takes such lines in: each may be repeated. For
  /// the administrator's socket.
  public func addAdminRoutes(to router: inout Router) {
    router.get(AdminPath.waitlist) { _ in
      .bytes(try await export(), contentType: "application/x-ndjson")
    }
    router.post(AdminPath.waitlist, maxBodyBytes: Waitlist.importLimitBytes) { request in
      let entries = try Waitlist.entries(in: request.bytes())
      var added = 0
      for start in stride(from: 0, to: entries.count, by: Waitlist.pageSize) {
        added += try await add(Array(entries[start..<min(start + Waitlist.pageSize, entries.count)]))
      }
      return .json(Imported(received: entries.count, added: added))
    }
  }

  private struct Imported: JSONWritable {
    let received: Int
    let added: Int

    func write(to json: inout JSONWriter) {
      json.object {
        $0.member("received", received)
        $0.member("added", added)
      }
    }
  }

  private func add(_ entries: [Entry]) async throws -> Int {
    try await database.transaction { transaction in
      var added = 0
      for entry in entries {
        let shard = Shard(of: entry.email)
        added += try await transaction.execute(
          """
          INSERT INTO waitlist (shard, email, joined_at_ms) VALUES (\(shard), \(entry.email), \(entry.joinedAtMs))
          ON CONFLICT DO NOTHING
          """)
      }
      return added
    }
  }

  private func export() async throws -> [UInt8] {
    var json = JSONWriter(capacity: 64 << 10)
    var last: (shard: Int64, email: String) = (-1, "")
    while true {
      let page = try await database.query(
        """
        SELECT shard, email, joined_at_ms FROM waitlist WHERE (shard, email) > (\(last.shard), \(last.email))
        ORDER BY shard, email LIMIT \(Waitlist.pageSize)
        """
      ) { (shard: try $0.int(0), entry: Entry(email: try $0.text(1), joinedAtMs: try $0.int(2))) }
      for row in page {
        row.entry.write(to: &json)
        json.endLine()
      }
      guard page.count == Waitlist.pageSize, let end = page.last else { return json.bytes }
      last = (end.shard, end.entry.email)
    }
  }

  private static func entries(in bytes: [UInt8]) throws -> [Entry] {
    try bytes.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
      guard let entry = try? JSON.decode(Entry.self, from: Array(line)),
        let address = try? EmailAddress(entry.email)
      else {
        throw Problem.badRequest("Line \(index + 1) is no entry: expected {\"email\": …, \"joinedAtMs\": …}.")
      }
      return Entry(email: address.description, joinedAtMs: entry.joinedAtMs)
    }
  }
}
