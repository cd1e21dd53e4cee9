// Objects on a real S3 server: written to all stores of the placement, read from the first that has them, moved and back.

import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import HeightsData

@Suite struct S3Tests {
  private struct Setup: Sendable {
    let server: S3Server
    let bucket: S3Bucket
    let folder: ObjectFolder
    let path: String
    let pool: BlockingPool

    func store(_ names: Placement.ObjectStoreName...) -> ObjectStore {
      ObjectStore(folder, bucket, pool: pool, placement: { names })
    }

    func read(_ store: ObjectStore, _ key: String, _ headers: [(String, String)] = []) async throws -> Answer
    {
      try await withServer {
        $0.get("/media/{key}") { try await store.response($0.parameter("key"), to: $0) }
      } asking: {
        try await $0.request("GET", "/media/\(key)", headers)
      }
    }
  }

  private func withS3(_ body: (Setup) async throws -> Void) async throws {
    let server = try S3Server()
    try await withFolder { path in
      let pool = try BlockingPool(name: "objects", threads: 2, queueLimit: 64)
      defer { pool.close() }
      let quota = DiskQuota(limitBytes: 1 << 30, directory: path)
      let bucket = try #require(try S3Bucket(server.variables))
      defer { bucket.close() }
      let folder = try ObjectFolder(path + "/objects", quota: quota)
      try await body(Setup(server: server, bucket: bucket, folder: folder, path: path, pool: pool))
    }
  }

  @Test(arguments: ["a b.css", "50%off.css", "a#b?c=d.css", "é.css", "e\u{301}.css", "x/y+z&.css", "%2e.css"])
  func anObjectIsFoundUnderItsName(name: String) async throws {
    try await withS3 { setup in
      let bytes = Array(name.utf8)
      #expect(try await setup.bucket.contains("static/" + name) == false)
      try await setup.bucket.put(bytes, at: "static/" + name, hash: ObjectKey.hash(bytes))
      #expect(try await setup.bucket.contains("static/" + name))
      #expect(try await setup.bucket.contains("static/other" + name) == false)
    }
  }

  @Test func whatIsPutIsReadBackWithItsTypeInPartsAndIfItHasChanged() async throws {
    try await withS3 { setup in
      let store = setup.store(.s3)
      let bytes = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      let key = try await store.put(bytes, fileExtension: "png")
      #expect(try await store.contains(key))
      let answer = try await setup.read(store, key)
      #expect(answer.body == bytes && answer["Content-Type"] == "image/png")
      #expect(answer["Cache-Control"] == "public, max-age=31536000, immutable")
      #expect(try await setup.read(store, key, [("Range", "bytes=1-2")]).body == Array(bytes[1...2]))
      let tag = try #require(answer["ETag"])
      #expect(try await setup.read(store, key, [("If-None-Match", tag)]).status == 304)
      let empty = try await store.put([], fileExtension: "txt")
      #expect(try await setup.read(store, empty).body == [])
    }
  }

  @Test func whatIsNowhereIsNotFoundAndNoKeyLeadsElsewhere() async throws {
    try await withS3 { setup in
      let store = setup.store(.s3, .folder)
      let key = ObjectKey(of: [1], fileExtension: "png").text
      let isThere = try await store.contains(key)
      #expect(!isThere)
      #expect(try await setup.read(store, key).status == 404)
      #expect(try await store.contains("../\(key)") == false)
    }
  }

  @Test func theFirstStoreThatHasItAnswersAndOneThatIsAwayIsPassedOver() async throws {
    try await withS3 { setup in
      let both = setup.store(.s3, .folder)
      let inBoth = try await both.put([1, 2], fileExtension: "png")
      let inFolder = try await setup.store(.folder).put([3], fileExtension: "png")
      #expect(try await setup.read(setup.store(.s3), inBoth).body == [1, 2])
      #expect(try await setup.read(setup.store(.folder), inBoth).body == [1, 2])
      #expect(try await setup.read(both, inFolder).body == [3])
      setup.server.kill()
      #expect(try await setup.read(both, inBoth).body == [1, 2])
      #expect(try await setup.read(setup.store(.s3), inBoth).status == 503)
      await #expect(throws: S3Error.self) { try await both.put([4], fileExtension: "png") }
      try setup.server.start()
      #expect(try await setup.read(setup.store(.s3), inBoth).body == [1, 2], "it has kept it")
    }
  }

  @Test func aCopyTakesAllThereAndBackAndGoesOnWhereItStopped() async throws {
    try await withS3 { setup in
      let (folder, s3) = (setup.store(.folder), setup.store(.s3))
      var keys: [String] = []
      for number in 0..<20 { keys.append(try await folder.put([7, UInt8(number)], fileExtension: "png")) }
      let first = try await folder.copy(to: .s3, from: nil, forMs: 0)
      #expect(first.total == 20 && first.done < 20 && first.next != nil)
      var next = first.next
      while let start = next { next = try await folder.copy(to: .s3, from: start, forMs: 5).next }
      for key in keys { #expect(try await s3.contains(key)) }
      let again = try await folder.copy(to: .s3, from: nil, forMs: 60_000)
      #expect(again.copied == 0 && again.done == 20 && again.next == nil && again.damaged == [])
      let later = try await s3.put([9], fileExtension: "png")
      let back = try await folder.copy(to: .folder, from: nil, forMs: 60_000)
      #expect(back.copied == 1 && back.damaged == [])
      #expect(try await folder.contains(later))
    }
  }

  @Test func anObjectThatIsDamagedIsNamedAndNotCopied() async throws {
    try await withS3 { setup in
      let store = setup.store(.folder)
      let key = try await store.put(Array("abc".utf8), fileExtension: "txt")
      try write("abd", to: setup.path + "/objects/ba/78/" + key)
      let report = try await store.copy(to: .s3, from: nil, forMs: 60_000)
      #expect(report.damaged == [key] && report.copied == 0)
      #expect(try await setup.store(.s3).contains(key) == false)
    }
  }

  @Test func allKeysAreListedPageByPage() {
    let page = S3List(
      "<ListBucketResult><IsTruncated>true</IsTruncated><Contents><Key>media/a</Key></Contents>"
        + "<Contents><Key>media/b</Key></Contents><NextContinuationToken>x/+=</NextContinuationToken>")
    #expect(page.keys == ["media/a", "media/b"] && page.next == "x/+=")
    #expect(S3List.encoded("x/+=") == "x%2F%2B%3D")
    #expect(
      S3List("<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>").next == nil)
  }

  // MARK: Who asks

  @Test func withoutKeysTheRoleOfTheInstanceIsAskedAndItsTokenSent() async throws {
    let asked = Mutex<[String]>([])
    try await withServer { router in
      router.put("/latest/api/token") { _ in
        asked.withLock { $0.append("token") }
        return .text("session")
      }
      router.get("/latest/meta-data/iam/security-credentials/{role}") { request in
        guard request.header("X-aws-ec2-metadata-token") == "session" else {
          return Response(status: .unauthorized)
        }
        let role = try request.parameter("role")
        asked.withLock { $0.append(role) }
        return .text(
          #"{"AccessKeyId": "ID", "SecretAccessKey": "SECRET", "Token": "TOKEN", "Expiration": "2099-01-01T00:00:00Z"}"#
        )
      }
      router.get("/latest/meta-data/iam/security-credentials/") { _ in .text("web\n") }
      router.get("/bucket/media/{key}") { request in
        let authorization = request.header("Authorization") ?? ""
        let isSigned =
          authorization.hasPrefix("AWS4-HMAC-SHA256 Credential=ID/")
          && authorization.contains("x-amz-security-token")
          && request.header("x-amz-security-token") == "TOKEN"
        return isSigned ? .text("signed") : Response(status: .forbidden)
      }
    } _: { server in
      let address = "http://127.0.0.1:\(server.port)"
      let bucket = try #require(
        try S3Bucket([
          "HEIGHTS_OBJECTS_BUCKET": "bucket", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": address,
          "AWS_EC2_METADATA_SERVICE_ENDPOINT": address,
        ]))
      defer { bucket.close() }
      for _ in 0..<3 {
        let file = try await bucket.get(ObjectKey(of: [1], fileExtension: "txt"))
        #expect(try file?.read() == Array("signed".utf8))
      }
      #expect(asked.withLock { $0 } == ["token", "web"], "they are kept until they end")
    }
  }

  /// The examples of Amazon's S3 reference.
  @Test(arguments: [
    ("max-keys=2&prefix=J", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ("lifecycle=", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
  ])
  func aRequestIsSignedAsAmazonSaysIt(query: String, signature: String) {
    let headers = AWSSignature(
      credentials: AWSCredentials(
        id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "s3"
    ).headers(
      "GET", host: "examplebucket.s3.amazonaws.com", path: "/", query: query, hash: ObjectKey.hash([]),
      at: 1_369_353_600)
    #expect(headers.contains { $0 == ("x-amz-date", "20130524T000000Z") })
    #expect(headers.last?.value.hasSuffix("Signature=\(signature)") == true, "\(headers)")
  }

  @Test func aClockThatIsWrongByMuchIsMadeUpForAndSoIsItsEnd() async throws {
    let refused = Mutex(0)
    let clock = Clock(wallClockMs())
    try await withServer { router in
      router.get("/bucket/media/{key}") { request in
        let signed = request.header("x-amz-date").flatMap { AmzDate.milliseconds($0) } ?? 0
        if abs(signed - wallClockMs()) < 900_000 { return .text("signed") }
        refused.withLock { $0 += 1 }
        return Response(status: .forbidden)
      }
    } _: { server in
      let bucket = try #require(
        try S3Bucket(
          [
            "HEIGHTS_OBJECTS_BUCKET": "bucket", "AWS_REGION": "eu-west-1",
            "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(server.port)", "AWS_ACCESS_KEY_ID": "id",
            "AWS_SECRET_ACCESS_KEY": "secret",
          ], nowSeconds: { Int(clock.nowMs / 1_000) }))
      defer { bucket.close() }
      @Sendable func get() async throws {
        let file = try await bucket.get(ObjectKey(of: [1], fileExtension: "txt"))
        #expect(try file?.read() == Array("signed".utf8))
      }
      for jumpMs in [0, 3_600_000, 0, -3_600_000] as [Int64] {
        clock.nowMs = wallClockMs() + jumpMs
        let before = refused.withLock { $0 }
        try await withThrowingTaskGroup { group in
          for _ in 0..<8 { group.addTask { try await get() } }
          try await group.waitForAll()
        }
        let after = refused.withLock { $0 }
        try await get()
        #expect(refused.withLock { $0 } == after && (after > before || jumpMs == 0), "by \(jumpMs) ms")
      }
    }
  }

  @Test(arguments: [
    ["HEIGHTS_OBJECTS_BUCKET": "bucket"], ["HEIGHTS_OBJECTS_BUCKET": "../b", "AWS_REGION": "eu-west-1"],
    ["HEIGHTS_OBJECTS_BUCKET": "bucket", "AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL_S3": "nowhere"],
    ["HEIGHTS_OBJECTS_BUCKET": "bucket", "AWS_REGION": "eu west"],
  ])
  func variablesThatCantBeAreNamed(_ variables: [String: String]) {
    #expect(throws: EnvironmentError.self) { try S3Bucket(variables) }
  }
}

/// Times as AWS writes them.
enum AmzDate {
  static func milliseconds(_ text: String) -> Int64? {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(identifier: "UTC")
    format.dateFormat = "yyyyMMdd'T'HHmmss'Z'"
    return format.date(from: text).map { Int64($0.timeIntervalSince1970 * 1_000) }
  }
}

/// Asks a server of `routes` one thing.
private func withServer(
  _ routes: (inout Router) -> Void, asking ask: (RunningServer) async throws -> Answer
) async throws -> Answer {
  var answer: Answer?
  try await withServer(routes) { answer = try await ask($0) }
  return try #require(answer)
}
