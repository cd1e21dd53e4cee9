// The file of the placement: of those who would replace the same version one does, and it is whole at every moment.

import Foundation
import Synchronization
import Testing

@testable import Placement

@Suite struct PlacementFileTests {
  private static let members = [ServerAddress(host: "127.0.0.1", port: 5432)]

  private func withFile(_ body: (PlacementFile) async throws -> Void) async throws {
    let folder = NSTemporaryDirectory() + "placement \(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try await body(PlacementFile(folder + "/placement.json"))
  }

  @Test func aFileThatIsNotThereIsNoPlacementAndABrokenOneIsNamed() async throws {
    try await withFile { file in
      #expect(try file.read() == nil)
      let placement = Placement(epoch: 1, clusters: ["main": .init(members: Self.members)])
      try file.replace(0, with: placement)
      #expect(try file.read() == placement)
      try Data("{".utf8).write(to: URL(fileURLWithPath: file.path))
      #expect(throws: PlacementError("\(file.path): the document is not JSON")) { try file.read() }
    }
  }

  @Test func onlyWhoHasSeenWhatIsThereReplacesIt() async throws {
    try await withFile { file in
      let first = Placement(epoch: 1)
      try file.replace(0, with: first)
      // The same once more changes nothing.
      try file.replace(0, with: first)
      #expect(throws: PlacementConflict.replaced(expected: 0, found: 1)) {
        try file.replace(0, with: Placement(epoch: 2))
      }
      #expect(throws: PlacementConflict.notLater(epoch: 1, found: 1)) {
        try file.replace(1, with: Placement(epoch: 1, objects: [.s3]))
      }
      #expect(throws: PlacementError("objects are nowhere")) {
        try file.replace(1, with: Placement(epoch: 2, objects: []))
      }
      #expect(try file.read() == first)
    }
  }

  /// Each of these threads counts up, with a document that no other one has (the same one once more is no step); nobody's step
  /// is lost, and whoever reads finds a whole document.
  @Test func noReplacementIsLostAmongManyWhoReplace() async throws {
    try await withFile { file in
      let (writers, steps) = (4, 25)
      let isDone = Atomic<Bool>(false)
      let torn = Mutex<[String]>([])
      defer { isDone.store(true, ordering: .relaxed) }
      let reader = Task.detached {
        while !isDone.load(ordering: .relaxed) {
          do { _ = try file.read() } catch { torn.withLock { $0.append("\(error)") } }
          await Task.yield()
        }
      }
      try await withThrowingTaskGroup(of: Void.self) { tasks in
        for writer in 0..<writers {
          tasks.addTask {
            var left = steps
            while left > 0 {
              let current = try file.read() ?? Placement(epoch: 0)
              let next = current.next {
                $0.clusters["cluster-\(writer)-\(left)"] = .init(members: Self.members)
              }
              do {
                try file.replace(current.epoch, with: next)
                left -= 1
              } catch is PlacementConflict { await Task.yield() }
            }
          }
        }
        try await tasks.waitForAll()
      }
      isDone.store(true, ordering: .relaxed)
      await reader.value
      let placement = try #require(try file.read())
      #expect(placement.epoch == writers * steps && placement.clusters.count == writers * steps)
      #expect(torn.withLock { $0 } == [])
    }
  }

  @Test func whoStandsStillWithTheLockIsToldOfAndNothingIsChanged() async throws {
    try await withFile { file in
      try file.replace(0, with: Placement(epoch: 1))
      let lock = open(file.path + ".lock", O_RDWR)
      defer { close(lock) }
      try #require(flock(lock, LOCK_EX) == 0)
      #expect(throws: PlacementConflict.locked(by: file.path + ".lock")) {
        try file.replace(1, with: Placement(epoch: 2), patienceMs: 20)
      }
      #expect(try file.read()?.epoch == 1)
    }
  }
}
