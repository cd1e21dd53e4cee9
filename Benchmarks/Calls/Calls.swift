// A service and its caller: what a call costs in the same process, and over the network.

import Foundation
import HeightsKit

protocol Notes: Sendable {
  func note(_ id: Int) async throws -> Note?
}

/// With about half a kilobyte of text.
struct Note: Codable, Sendable {
  let id: Int
  let author: String
  let text: String
}

final class NoteShelf: Notes {
  private let text = String(repeating: "A line of a note. ", count: 28)

  // Otherwise the plain call vanishes into its loop, and nothing is compared.
  @inline(never) func note(_ id: Int) async throws -> Note? { Note(id: id, author: "ada", text: text) }
}

struct NotesClient: ServiceClient, Notes {
  static let service = "notes"
  let route: ServiceRoute<any Notes>

  private struct ID: Codable { let id: Int }

  static let calls: [RemoteCall<any Notes>] = [
    RemoteCall("note") { (here, call: ID) in try await here.note(call.id) }
  ]

  func note(_ id: Int) async throws -> Note? {
    if let here = route.here { return try await here.note(id) }
    return try await route.call("note", ID(id: id), .idempotent)
  }
}

/// Runs as the service where `HEIGHTS_SERVICE=notes`, else answers `/local` and `/remote?depth=N&seconds=N` with figures.
@main
struct CallsBenchmark {
  static func main() async {
    await App.run(launch: routes, routes)
  }

  @Sendable private static func routes(_ context: AppContext) async throws -> Routes {
    let client = try await context.service(NotesClient.self) { NoteShelf() }
    var routes = Routes()
    routes.app.get("/local") { _ in
      let shelf = NoteShelf()
      let direct = try await nanoseconds { try await shelf.note($0) }
      let called = try await nanoseconds { try await client.note($0) }
      return .text("\(direct) \(called)\n")
    }
    routes.app.get("/remote") { request in
      let depth = try request.query("depth").flatMap(Int.init) ?? 1
      let seconds = try request.query("seconds").flatMap(Int.init) ?? 1
      return .text("\(try await calls(client, depth: depth, until: .afterMs(seconds * 1_000)) / seconds)\n")
    }
    return routes
  }

  /// The time of one call, of many in a row: the shortest of nine rounds.
  private static func nanoseconds(_ call: (Int) async throws -> Note?) async throws -> Int {
    let count = 200_000
    var shortest = UInt64.max
    for _ in 0..<9 {
      let begun = Deadline.now
      for id in 0..<count {
        guard try await call(id)?.id == id else { throw Problem(.internalServerError, title: "no note") }
      }
      shortest = min(shortest, Deadline.now.uptimeNanoseconds - begun.uptimeNanoseconds)
    }
    return Int(shortest) / count
  }

  /// How many calls `depth` callers have made until then.
  private static func calls(_ client: NotesClient, depth: Int, until end: Deadline) async throws -> Int {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for caller in 0..<depth {
        group.addTask {
          var count = 0
          while !end.hasPassed {
            guard try await client.note(caller)?.id == caller else {
              throw Problem(.internalServerError, title: "no note")
            }
            count += 1
          }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
  }
}
