// Objects are named by their content, stored once, whole or not at all, and nothing else can be reached by a key.

import Foundation
import Glibc
import HeightsData
import Testing

@Suite struct ObjectStoreTests {
  private struct Setup {
    let store: ObjectStore
    let folder: String
    let quota: DiskQuota
  }

  private func withStore(limitBytes: Int = 1 << 30, _ body: (Setup) async throws -> Void) async throws {
    try await withFolder { folder in
      let pool = try BlockingPool(name: "objects", threads: 2, queueLimit: 64)
      defer { pool.close() }
      let quota = DiskQuota(limitBytes: limitBytes, directory: folder)
      let store = ObjectStore(
        try ObjectFolder(folder + "/objects", quota: quota), nil, pool: pool, placement: { [.folder] })
      try await body(Setup(store: store, folder: folder, quota: quota))
    }
  }

  private func files(_ folder: String) -> [String] {
    (FileManager.default.enumerator(atPath: folder)?.allObjects as? [String] ?? []).filter {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: folder + "/" + $0, isDirectory: &isFolder)
        && !isFolder.boolValue
    }
  }

  @Test func theKeyIsTheHashOfTheContent() async throws {
    try await withStore { setup in
      let key = try await setup.store.put(Array("abc".utf8), fileExtension: "txt")
      #expect(key == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.txt")
      #expect(files(setup.folder) == ["objects/ba/78/\(key)"])
      #expect(try await setup.store.contains(key))
    }
  }

  @Test func theSameContentIsStoredOnce() async throws {
    try await withStore { setup in
      let keys = try await withThrowingTaskGroup(of: String.self) { group in
        for _ in 0..<30 {
          group.addTask { try await setup.store.put(.init(repeating: 1, count: 5_000), fileExtension: "png") }
        }
        return try await group.reduce(into: Set<String>()) { $0.insert($1) }
      }
      #expect(keys.count == 1)
      #expect(files(setup.folder).count == 1)
    }
  }

  @Test func aBrowserMayKeepAnObjectForGood() async throws {
    try await withStore { setup in
      let key = try await setup.store.put(Array("abc".utf8), fileExtension: "png")
      try await withServer {
        $0.get("/media/{key}") { try await setup.store.response($0.parameter("key"), to: $0) }
      } _: { server in
        let answer = try await server.request("GET", "/media/\(key)")
        #expect(answer.text == "abc")
        #expect(answer["Content-Type"] == "image/png")
        #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
        #expect(try await server.request("GET", "/media/\(key)", [("Range", "bytes=1-1")]).text == "b")
        let tag = try #require(answer["ETag"])
        #expect(try await server.request("GET", "/media/\(key)", [("If-None-Match", tag)]).status == 304)
      }
    }
  }

  @Test func aKeyLeadsNowhereElse() async throws {
    try await withStore { setup in
      let hash = String(repeating: "a", count: 64)
      let keys = [
        "", ".", "..", "../secret.txt", "..%2fsecret.txt", hash, "\(hash).", ".\(hash).txt", "\(hash).txt/x",
        "\(hash).t/x",
        "\(hash.dropLast()).txt", "\(hash)a.txt", "\(hash.uppercased()).txt", "\(hash).TXT",
        "\(hash).txt.txt",
        "\(hash).toolongtype", "\(hash).t\0t", "\(hash).t\u{e4}", "..\(hash.dropFirst(2)).txt",
        "../../\(hash.dropFirst(6)).txt", "\(hash.dropLast())\u{301}.txt",
      ]
      try await withServer {
        $0.get("/media/{key}") { try await setup.store.response($0.parameter("key"), to: $0) }
      } _: { server async throws in
        for key in keys {
          #expect(try await setup.store.contains(key) == false)
          #expect(try await server.request("GET", "/media/\(key.percentEncoded)").status == 404, "\(key)")
        }
        #expect(try await server.request("GET", "/media/\(hash).txt").status == 404)
      }
    }
  }

  @Test func aFullDiskQuotaRefusesWhatIsNewOnly() async throws {
    try await withStore(limitBytes: 10_000) { setup in
      let first = try await setup.store.put(.init(repeating: 1, count: 10_000), fileExtension: "png")
      let error = await #expect(throws: DatabaseError.self) {
        try await setup.store.put([2], fileExtension: "png")
      }
      #expect(error?.problem.status.code == 507)
      #expect(try await setup.store.put(.init(repeating: 1, count: 10_000), fileExtension: "png") == first)
      #expect(files(setup.folder).count == 1)
    }
  }

  @Test func aWriteThatFailsLeavesNothingBehind() async throws {
    try await withStore { setup in
      // A file stands where the object's folder should be.
      mkdir(setup.folder + "/objects/ba", 0o700)
      try write("", to: setup.folder + "/objects/ba/78")
      await #expect(throws: SystemError.self) {
        try await setup.store.put(Array("abc".utf8), fileExtension: "txt")
      }
      #expect(files(setup.folder) == ["objects/ba/78"])
    }
  }
}
