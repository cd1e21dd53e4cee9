// Carrying the waitlist from one process of the app to another, over their admin sockets.

import Contract
import Foundation
import Lab

/// `GET /waitlist` lists a store as lines of JSON, one entry each, with the address as `email`; `POST /waitlist` adds
/// such lines and leaves out the addresses that are there. An app without these routes has no waitlist.
enum WaitlistTransfer {
  /// Of one POST: well below what an admin socket takes (1 MiB).
  static let batchBytes = 256 << 10
  static let maximumEntryBytes = 64 << 10

  struct Entry: Equatable {
    let email: String
    /// As it was listed; carried unchanged, so that whatever else an app keeps with an address goes along.
    let line: [UInt8]
  }

  /// Adds to `target` what `source` has and it has not; every entry that was listed is there when this returns.
  static func carry(
    from source: Role, to target: Role, _ lab: any Provider, _ say: StepVoice
  ) throws {
    try lab.ensureRunning(source, say)
    try lab.ensureRunning(target, say)
    guard let entries = try list(source, lab), !entries.isEmpty else {
      return say("the waitlist of \(source.rawValue) is empty")
    }
    let present = Set((try list(target, lab) ?? []).map(\.email))
    let missing = entries.filter { !present.contains($0.email) }
    var carriedCount = 0
    for batch in try batches(of: missing) {
      try post(batch, to: target, lab)
      carriedCount += batch.count
      say(
        "\(carriedCount) of \(missing.count) addresses carried from \(source.rawValue) to \(target.rawValue)")
    }
    if missing.isEmpty { say("all \(entries.count) addresses are there") }
    try check(entries, of: source, areIn: target, lab)
  }

  /// Throws when an entry of `source` is not in `target`.
  static func check(allOf source: Role, areIn target: Role, _ lab: any Provider) throws {
    try check(try list(source, lab) ?? [], of: source, areIn: target, lab)
  }

  private static func check(
    _ entries: [Entry], of source: Role, areIn target: Role, _ lab: any Provider
  ) throws {
    let present = Set((try list(target, lab) ?? []).map(\.email))
    let missingCount = entries.count { !present.contains($0.email) }
    if missingCount > 0 {
      throw ClimbError.entriesMissing(count: missingCount, from: source.rawValue, to: target.rawValue)
    }
  }

  /// The entries of a store; nil when the app has no waitlist.
  private static func list(_ role: Role, _ lab: any Provider) throws -> [Entry]? {
    let answer = try lab.get(role.rawValue, AdminPath.waitlist)
    if answer.status == 404 { return nil }
    guard answer.status == 200 else {
      throw ClimbError.adminFailed(
        process: role.rawValue, request: "GET \(AdminPath.waitlist)", status: answer.status)
    }
    // Without a length a list that was cut off looks like a short one.
    guard answer.lengthBytes != nil else {
      throw ClimbError.notSo(
        "\(role.rawValue)'s GET \(AdminPath.waitlist) says how long it is (Content-Length)")
    }
    return try parse(answer.body, role)
  }

  static func parse(_ body: [UInt8], _ role: Role) throws -> [Entry] {
    struct Address: Decodable { let email: String }
    return try body.split(separator: 0x0A).map { line in
      guard let entry = try? JSONDecoder().decode(Address.self, from: Data(line)) else {
        let text = String(decoding: line.prefix(80), as: UTF8.self)
        throw ClimbError.notSo(
          "each line of \(role.rawValue)'s GET \(AdminPath.waitlist) is JSON with an email (found: \(text))")
      }
      return Entry(email: entry.email, line: Array(line))
    }
  }

  private static func post(_ batch: [Entry], to role: Role, _ lab: any Provider) throws {
    let answer = try lab.post(role.rawValue, AdminPath.waitlist, batch.flatMap { $0.line + [0x0A] })
    if answer.status == 404 { throw ClimbError.waitlistNotTaken(role: role.rawValue) }
    guard (200..<300).contains(answer.status) else {
      throw ClimbError.adminFailed(
        process: role.rawValue, request: "POST \(AdminPath.waitlist)", status: answer.status)
    }
  }

  static func batches(of entries: [Entry]) throws -> [[Entry]] {
    var batches: [[Entry]] = []
    var bytes = batchBytes
    for entry in entries {
      let size = entry.line.count + 1
      if size > maximumEntryBytes { throw ClimbError.entryTooLarge(bytes: size) }
      if bytes + size > batchBytes {
        batches.append([])
        bytes = 0
      }
      batches[batches.count - 1].append(entry)
      bytes += size
    }
    return batches
  }
}
