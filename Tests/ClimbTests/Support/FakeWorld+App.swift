// What the processes of a fake world's app answer on their admin sockets.

import Contract
import Foundation
import Placement
import Testing

@testable import Climb
@testable import Lab

/// How far a fake app has moved its database.
struct FakeMove {
  var done: MoveJob?
  var failure: String?
  /// What is written in the file follows to the server.
  var isCopied = false
  /// What is written on the server follows to the file.
  var isFollowed = false
  /// Whether there is a way back.
  var isFinished = false
}

extension FakeWorld {
  mutating func answer(_ process: String, _ path: String, _ body: [UInt8]?) throws -> AdminClient.Answer {
    let role = Role(rawValue: process)
    if let role { try requireProcess(role) }
    if role == nil, hosts[process] == nil {
      throw LabError.system(attempt: "asking \(process)", code: ECONNREFUSED)
    }
    switch (path, role, body) {
    case (AdminPath.alive, _, nil): return Self.answer(200)
    case (AdminPath.ready, _, nil):
      return Self.answer(role.map { roles[$0]?.isReady == true } ?? true ? 200 : 503)
    case (AdminPath.placement, _, nil):
      return try Self.answer(AdminAnswer.Adopted(epoch: placement?.epoch ?? 0))
    case (AdminPath.metrics, nil, nil): return Self.answer(200, calls.metrics(of: process, placement))
    case (AdminPath.waitlist, let role?, let body): return waitlist(role, body)
    case (AdminPath.move, .app, nil): return try Self.answer(standing)
    case (_, .app, let body?) where path.hasPrefix(AdminPath.move + "/"):
      let job = try #require(MoveJob(rawValue: String(path.dropFirst(AdminPath.move.count + 1))))
      return try perform(job, JSONDecoder().decode(MoveTarget.self, from: Data(body)))
    case (_, nil, _?) where path.hasPrefix(AdminPath.copyObjects): return try copyObjects(path)
    case (_, nil, _?) where path.hasPrefix(AdminPath.copySessions): return try copySessions()
    default:
      Issue.record("a climb has no reason to ask \(process) for \(path)")
      return Self.answer(404)
    }
  }

  private mutating func waitlist(_ role: Role, _ body: [UInt8]?) -> AdminClient.Answer {
    guard role == .launch || appHasWaitlist else { return Self.answer(404) }
    let own = waitlists[role] ?? []
    guard let body else { return Self.answer(200, own.map { $0 + "\n" }.joined()) }
    let present = Set(own.map(Self.email))
    let lines = String(decoding: body, as: UTF8.self).split(separator: "\n").map(String.init)
    waitlists[role] = own + lines.filter { !present.contains(Self.email($0)) }
    return Self.answer(200)
  }

  private static func email(_ line: String) -> Substring { line.split(separator: "\"")[3] }

  // MARK: Moving the database

  private var isMoved: Bool { placement?.databases.isEmpty == false }

  private var standing: AdminAnswer.Move {
    var database = AdminAnswer.MovedDatabase(name: "posts")
    database.state =
      isMoved
      ? (move.isFinished ? .finished : .flipped)
      : move.done == .verify
        ? .verified
        : move.isCopied ? .copied : .waiting
    return AdminAnswer.Move(job: nil, done: move.done, failure: move.failure, databases: [database])
  }

  private mutating func perform(_ job: MoveJob, _ target: MoveTarget) throws -> AdminClient.Answer {
    #expect(target.members.count == 1 && target.cluster == "main")
    move.failure = nil
    switch job {
    case .checkBack where move.isFinished:
      move.failure = "what was written since is noted no more"
      move.done = nil
      return try Self.answer(standing)
    case .copy where !isMoved:
      #expect(hosts[leader] != nil, "there is a server to copy to")
      servers[leader] = file
      move.isCopied = true
    case .verify where !isMoved && !move.isCopied, .flip where !isMoved && !move.isCopied:
      move.failure = "the table posts is not there"
      move.done = nil
      return try Self.answer(standing)
    case .flip where !isMoved:
      #expect(Set(servers[leader] ?? []).isSuperset(of: rows), "all has followed")
      var next = placement ?? .local
      next.epoch += 1
      next.clusters[target.cluster] = .init(members: target.members)
      next.databases["posts"] = [.init(cluster: target.cluster)]
      placement = next
      (move.isCopied, move.isFollowed) = (false, true)
    case .back:
      #expect(!move.isFinished, "there is a way back")
      if isMoved {
        #expect(Set(file).isSuperset(of: rows), "all has followed")
        placement?.databases = [:]
        placement?.clusters = [:]
        placement?.epoch += 1
      }
      (move.isCopied, move.isFollowed) = (false, false)
      servers[leader] = []
    case .finish:
      #expect(isMoved)
      (move.isFollowed, move.isFinished) = (false, true)
    case .copy, .verify, .flip, .checkBack: break
    }
    move.done = job
    return try Self.answer(standing)
  }

  // MARK: Copying objects

  /// Half of what is missing with each call.
  private mutating func copyObjects(_ path: String) throws -> AdminClient.Answer {
    let target: Placement.ObjectStoreName = path.contains("to=s3") ? .s3 : .folder
    let source: Placement.ObjectStoreName = target == .s3 ? .folder : .s3
    let missing = (stores[source] ?? []).filter { !(stores[target] ?? []).contains($0) }
    let now = missing.prefix(max(1, missing.count / 2))
    stores[target]?.append(contentsOf: now)
    var report = AdminAnswer.ObjectsCopied(
      total: objects.count, done: objects.count - missing.count + now.count)
    report.copied = now.count
    report.next = now.count < missing.count ? "more" : nil
    return try Self.answer(report)
  }

  /// Half of what the first keeper does not have, with each call.
  private mutating func copySessions() throws -> AdminClient.Answer {
    let placed = (placement?.sessions ?? []).filter(\.isKeeper)
    guard placed.count == 2 else { return Self.answer(409) }
    let missing = (keepers[placed[1]] ?? []).filter { !(keepers[placed[0]] ?? []).contains($0) }
    let now = missing.prefix(max(1, missing.count / 2))
    keepers[placed[0], default: []].append(contentsOf: now)
    var report = AdminAnswer.SessionsCopied(next: now.count < missing.count ? "session#1\nsession" : nil)
    (report.seen, report.kept) = (now.count, now.count)
    return try Self.answer(report)
  }

  private static func answer(_ status: Int, _ text: String = "") -> AdminClient.Answer {
    AdminClient.Answer(status: status, body: Array(text.utf8), lengthBytes: text.utf8.count)
  }

  private static func answer(_ value: some Encodable) throws -> AdminClient.Answer {
    answer(200, String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
  }
}
