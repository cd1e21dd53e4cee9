// Where the rows of an app that runs in a lab are, and how those that a ledger speaks of are read there.

import Foundation
import HeightsData
import Lab
import Policies

/// The databases of an app, to be read at their leaders.
public struct Stores: Sendable {
  /// The app's placement document; the databases that it does not name are files in `dataDirectory`.
  let placementPath: String
  let dataDirectory: String
  let passwordFile: String
  let objectsDirectory: String
  /// Of the bucket, as the app has them in its environment.
  let bucketVariables: [String: String]

  init(
    placementPath: String, dataDirectory: String, passwordFile: String = "", objectsDirectory: String = "",
    bucketVariables: [String: String] = [:]
  ) {
    (self.placementPath, self.dataDirectory, self.passwordFile) = (placementPath, dataDirectory, passwordFile)
    (self.objectsDirectory, self.bucketVariables) = (objectsDirectory, bucketVariables)
  }

  /// Those of the app that runs in a folder. Blocks for the answer of its lab.
  /// - Throws: `LabError`, `ManifestError`.
  public init(_ folder: AppFolder) throws {
    let role = try ControlClient(folder).send(.status).openDoors.last ?? .app
    self.init(
      placementPath: folder.placement, dataDirectory: folder.data(of: role),
      passwordFile: folder.databasePasswordFile, objectsDirectory: folder.objects,
      bucketVariables: try folder.bucketVariables())
  }

  /// Reads what the ledger speaks of, each database as it is at one moment. Blocks.
  /// - Returns: the rows, and from where they are.
  func read(_ ledger: Ledger) throws -> (rows: StoredRows, sources: [String]) {
    while true {
      let placement = try PlacementFile(placementPath).read()
      var reading = Reading(ledger: ledger)
      var sources: [String] = []
      func open(_ name: String) throws -> LeaderRead {
        let database = try LeaderRead(
          name, placement: placement, dataDirectory: dataDirectory, passwordFile: passwordFile)
        for source in database.sources where !sources.contains(source) { sources.append(source) }
        return database
      }
      if !ledger.accounts.isEmpty {
        try reading.accounts(open("accounts"))
        try reading.posts(open("posts"))
        try reading.follows(open("graph"))
      }
      if !ledger.waitlist.isEmpty { try reading.waitlist(open("waitlist")) }
      // A climb may have moved them meanwhile, and what was read is an end of the way that it came.
      if try PlacementFile(placementPath).read()?.epoch == placement?.epoch {
        return (reading.rows, sources)
      }
    }
  }
}

/// Reads one database after the other. Accounts come first: the others have their identifiers.
private struct Reading {
  let ledger: Ledger
  var rows = StoredRows()
  private var names: [Int64: String] = [:]

  init(ledger: Ledger) { self.ledger = ledger }

  mutating func accounts(_ database: LeaderRead) throws {
    try database.snapshot {
      try database.each("SELECT shard, id, name FROM accounts") { row in
        let name = try row.text(2)
        guard ledger.accounts.contains(name) else { return }
        rows.accounts[name, default: 0] += 1
        names[try row.int(1)] = name
      }
    }
  }

  mutating func posts(_ database: LeaderRead) throws {
    try database.snapshot {
      try database.each("SELECT shard, id, author_id, author_name, text, like_count FROM posts") {
        try take(post: $0)
      }
      try database.each("SELECT shard, post_id, account_id FROM likes") { row in
        guard let name = names[try row.int(2)] else { return }
        rows.likes.insert(Pair(subject: name, object: String(try row.int(1))))
      }
      try database.each(
        """
        SELECT posts.shard, posts.id, posts.like_count, count(likes.account_id) FROM posts
        LEFT JOIN likes ON likes.shard = posts.shard AND likes.post_id = posts.id
        GROUP BY posts.shard, posts.id, posts.like_count HAVING posts.like_count <> count(likes.account_id)
        """
      ) { rows.wrongLikeCounts.append((String(try $0.int(1)), try $0.int(2), try $0.int(3))) }
    }
  }

  private mutating func take(post row: Row) throws {
    let (id, author) = (String(try row.int(1)), names[try row.int(2)])
    guard author != nil || ledger.posts[id] != nil else { return }
    let copied = try row.text(3)
    let hash = PostText.hash(try row.text(4))
    rows.posts[id] = StoredRows.Writing(author: author ?? copied, textHash: hash)
    rows.copiedAuthors[id] = copied
    rows.likeCounts[id] = try row.int(5)
  }

  mutating func follows(_ database: LeaderRead) throws {
    try database.snapshot {
      try database.each("SELECT shard, follower_id, followee_id, followee_name FROM follows") { row in
        guard let follower = names[try row.int(1)] else { return }
        let followee = try names[row.int(2)] ?? row.text(3)
        rows.follows.insert(Pair(subject: follower, object: followee))
      }
    }
  }

  mutating func waitlist(_ database: LeaderRead) throws {
    try database.snapshot {
      try database.each("SELECT shard, email FROM waitlist") { row in
        let email = try row.text(1)
        if ledger.waitlist.contains(email) { rows.waitlist.insert(email) }
      }
    }
  }
}

extension LedgerVerification {
  private static let leaderTries = 8
  private static let leaderPauses = BackOff(firstMs: 400, limitMs: 3_200)

  /// Compares the ledger with the rows of the leaders.
  func verify(_ ledger: Ledger, at stores: Stores) async throws -> VerificationReport {
    var (rows, sources) = try await read(ledger, stores)
    rows.photos = try await readPhotos(ledger, stores)
    sources += Set(rows.photos.values.flatMap(\.keys)).sorted().map { "photos in \($0)" }
    var report = VerificationReport(ledger)
    report.source = sources.isEmpty ? "nowhere: the ledger is empty" : sources.joined(separator: ", ")
    var missing: [(LedgerCheck, LedgerCheck.Answer)] = []
    for check in ledger.checks {
      let answer = rows.answer(check)
      if answer == .found {
        report.count(check.kind, check.name, answer)
      } else {
        missing.append((check, answer))
      }
    }
    try countMissing(missing, &report)
    for email in ledger.waitlist.sorted() {
      let isThere = rows.waitlist.contains(email)
      report.count("waitlist", "waitlist address \(email)", isThere ? .found : .missing("not found"))
    }
    // What a run that still writes has asked for until the rows were read is in the ledger by now.
    let later = try Ledger.read(path: ledgerPath)
    report.countUnexpected(rows.unexpected(later))
    (report.refusedThere, report.unansweredThere) = rows.tookEffect(later)
    return report
  }

  /// A new leader may be on its way: it gets as long as the app would be given.
  func read(_ ledger: Ledger, _ stores: Stores) async throws -> (StoredRows, [String]) {
    try await patiently { try await onThread { try stores.read(ledger) } }
  }

  private func readPhotos(_ ledger: Ledger, _ stores: Stores) async throws -> [String: [String: String]] {
    try await patiently { try await stores.photos(ledger.photos.keys.sorted()) }
  }

  private func patiently<T>(_ attempt: () async throws -> T) async throws -> T {
    var failure: any Error = LoadError.leaderUnreadable(reason: "not tried")
    for count in 0..<Self.leaderTries {
      if count > 0 {
        try await Task.sleep(for: .milliseconds(Self.leaderPauses.ms(afterFailures: count)))
      }
      do { return try await attempt() } catch { failure = error }
    }
    throw LoadError.leaderUnreadable(reason: "\(failure)")
  }

  private func onThread<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
    try await withCheckedThrowingContinuation { continuation in
      Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
  }
}
