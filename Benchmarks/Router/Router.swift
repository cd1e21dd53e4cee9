// Reads of one indexed row through a Database, many at once on one loop: the Swift side of the router benchmark.

import Foundation
import HeightsKit

@main
struct RouterBenchmark {
  /// Arguments: URL DATABASE ROWS DEPTH SECONDS. Writes how many reads a second were answered.
  static func main() async throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 6, let rows = Int(arguments[3]), let depth = Int(arguments[4]),
      let seconds = Int(arguments[5])
    else { fatalError("expected URL DATABASE ROWS DEPTH SECONDS") }
    let loops = try EventLoopGroup(count: 1)
    let database = try await Database.open(
      name: arguments[2], url: arguments[1], migrations: [], loops: loops)
    let count = try await loops.loops[0].run {
      _ = try await read(database, rows: rows, depth: depth, until: .afterMs(200))
      return try await read(database, rows: rows, depth: depth, until: .afterMs(seconds * 1_000))
    }
    FileHandle.standardOutput.write(Data("\(count / seconds)\n".utf8))
    database.close()
    await loops.shutdown()
  }

  /// `depth` readers, each with one read under way, until the deadline; how many reads were answered.
  private static func read(
    _ database: Database, rows: Int, depth: Int, until end: Deadline
  ) async throws -> Int {
    try await withThrowingTaskGroup(of: Int.self) { group in
      for reader in 0..<depth {
        group.addTask {
          var (id, count) = (reader, 0)
          while !end.hasPassed {
            id = (id + depth) % rows
            let text = try await database.first(
              "SELECT text FROM rows WHERE shard = \(7) AND id = \(id)"
            ) { try $0.text(0) }
            guard text?.hasPrefix("Row ") == true else { fatalError("row \(id) is missing") }
            count += 1
          }
          return count
        }
      }
      return try await group.reduce(0, +)
    }
  }
}
