// A process follows its placement's file, and says so only when everybody has followed.

import Foundation
import Glibc
import Synchronization
import Testing

@testable import HeightsKit

@Suite struct PlacementWatcherTests {
  /// An app's context with a placement of epoch 1, and the placement's path.
  private func withPlacement(_ body: (AppContext, String) async throws -> Void) async throws {
    try await withFolder { folder in
      let path = folder + "/placement.json"
      try Placement(epoch: 1).write(to: path)
      try await withContext(["HEIGHTS_PLACEMENT": path]) { try await body($0, path) }
    }
  }

  @Test func aNewPlacementIsHandedOverInOrderAndAdoptedOnceAllHaveFollowed() async throws {
    try await withPlacement { context, path in
      let calls = Mutex<[String]>([])
      let gate = AsyncGate()
      let start = context.onPlacement { old, new in
        calls.withLock { $0.append("a \(old.epoch) \(new.epoch)") }
        await gate.wait()
      }
      context.onPlacement { old, new in calls.withLock { $0.append("b \(old.epoch) \(new.epoch)") } }
      #expect(start.epoch == 1)
      try Placement(epoch: 2).write(to: path)
      try await eventually("the first is asked") { await gate.waiting == 1 }
      try Placement(epoch: 3).write(to: path)
      #expect(context.placements.adoptedEpoch == 1)
      #expect(context.placement.epoch == 2)
      #expect(calls.withLock { $0 } == ["a 1 2"])
      await gate.open()
      try await eventually("the last is adopted") { context.placements.adoptedEpoch == 3 }
      #expect(calls.withLock { $0 } == ["a 1 2", "b 1 2", "a 2 3", "b 2 3"])
    }
  }

  @Test func aBrokenOrOlderFileChangesNothingAndTheNextGoodOneIsTaken() async throws {
    try await withPlacement { context, path in
      try Placement(epoch: 2).write(to: path)
      try await eventually("2 is adopted") { context.placements.adoptedEpoch == 2 }
      for text in ["{", #"{"epoch": 1}"#, #"{"epoch": 9, "later": 1}"#] {
        try write(text, to: path)
        try await Task.sleep(for: .milliseconds(20))
        #expect(context.placement.epoch == 2)
      }
      try write(#"{"epoch": 9}"#, to: path)
      try await eventually("9 is adopted") { context.placements.adoptedEpoch == 9 }
    }
  }

  @Test func aFileThatComesLaterIsFoundAlthoughItsFolderCameLaterToo() async throws {
    try await withFolder { folder in
      let path = folder + "/later/placement.json"
      try await withContext(["HEIGHTS_PLACEMENT": path]) { context in
        #expect(context.placement == .local)
        try FileManager.default.createDirectory(atPath: folder + "/later", withIntermediateDirectories: false)
        try Placement(epoch: 1).write(to: path)
        try await eventually("1 is adopted") { context.placements.adoptedEpoch == 1 }
      }
    }
  }

  @Test func withoutAPlacementTheEnvironmentSaysWhereObjectsAre() throws {
    let bucket = ["HEIGHTS_OBJECTS_BUCKET": "bucket", "AWS_REGION": "eu-central-1"]
    #expect(try Environment([:]).impliedPlacement.objects == [.folder])
    #expect(try Environment(bucket).impliedPlacement.objects == [.s3])
    #expect(
      try Environment(bucket.merging(["HEIGHTS_FILES_DIR": "/files"]) { $1 }).impliedPlacement.objects == [
        .s3, .folder,
      ])
  }

  @Test func withoutAPlacementTheEnvironmentNamesTheCache() throws {
    #expect(try Environment([:]).impliedPlacement == .local)
    let cache = try Environment(["REDIS_URL": "redis://:secret@127.1.1.30/0"]).impliedPlacement.cache
    #expect(cache == .servers([try #require(ServerAddress("127.1.1.30:6379"))], tls: false))
    let other = try Environment(["REDIS_URL": "rediss://:secret@cache.example:6380"]).impliedPlacement.cache
    #expect(other == .servers([try #require(ServerAddress("cache.example:6380"))], tls: true))
    let error = #expect(throws: EnvironmentError.self) {
      try Environment(["REDIS_URL": "127.0.0.1:secret"]).impliedPlacement
    }
    #expect(error?.description.contains("secret") == false)
  }

  @Test func theAdministratorIsToldTheAdoptedEpoch() async throws {
    try await withPlacement { context, path in
      var router = Router()
      router.addPlacement(context)
      try await withServer {
        $0 = router
      } _: { server in
        #expect(try await server.request("GET", "/placement").text == #"{"epoch":1}"#)
        try Placement(epoch: 2).write(to: path)
        try await eventually("the second is told") {
          try await server.request("GET", "/placement").text == #"{"epoch":2}"#
        }
      }
    }
  }
}
