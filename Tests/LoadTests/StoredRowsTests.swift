// What the databases hold is judged both ways: what was acknowledged is there, and what nobody has asked for is not.

import Foundation
import HeightsData
import Testing

@testable import Load

@Suite struct StoredRowsTests {
  private static let pair = Pair(subject: "ann", object: "ben")
  private static let like = Pair(subject: "ann", object: "7")
  private static let hello = PostText.hash("hello")
  private static let records: [LedgerRecord] = [
    .run(target: "t", seed: 1), .account(name: "ann"), .account(name: "ben"),
    .postBegun(key: "k", author: "ben", textHash: hello), .post(id: "7", author: "ben", textHash: hello),
    .followBegun(pair), .follow(pair), .likeBegun(like), .like(like),
  ]

  private static func ledger(_ more: [LedgerRecord] = [], without: Int = 0) -> Ledger {
    var ledger = Ledger()
    for record in records.dropLast(without) + more { ledger.apply(record) }
    return ledger
  }

  private static var rows: StoredRows {
    var rows = StoredRows()
    rows.accounts = ["ann": 1, "ben": 1]
    rows.posts = ["7": .init(author: "ben", textHash: hello)]
    rows.copiedAuthors = ["7": "ben"]
    rows.follows = [pair]
    rows.likes = [like]
    return rows
  }

  private func missing(_ rows: StoredRows, _ ledger: Ledger = Self.ledger()) -> [String] {
    ledger.checks.compactMap { check in
      if case .missing(let what) = rows.answer(check) { "\(check.name): \(what)" } else { nil }
    }
  }

  private func changed(_ change: (inout StoredRows) -> Void) -> StoredRows {
    var rows = Self.rows
    change(&rows)
    return rows
  }

  @Test func whatIsAsItWasWrittenIsRight() {
    #expect(missing(Self.rows).isEmpty && Self.rows.unexpected(Self.ledger()).isEmpty)
    #expect(Self.rows.tookEffect(Self.ledger()) == (0, 0))
  }

  @Test func whatIsGoneOrAnotherIsMissing() {
    #expect(missing(changed { $0.accounts["ann"] = nil }) == ["account ann: not found"])
    #expect(missing(changed { $0.posts = [:] }) == ["post 7 by ben: not found"])
    #expect(missing(changed { $0.likes = [] }) == ["like of post 7 by ann: not found"])
    #expect(missing(changed { $0.follows = [] }) == ["follow of ben by ann: not found"])
    #expect(
      missing(changed { $0.posts["7"] = .init(author: "ben", textHash: "x") })
        == ["post 7 by ben: its text has changed"])
    #expect(
      missing(changed { $0.posts["7"] = .init(author: "ann", textHash: Self.hello) })
        == ["post 7 by ben: it is ann's"])
    #expect(missing(changed { $0.copiedAuthors["7"] = "ann" }) == ["post 7 by ben: it is shown as ann's"])
  }

  @Test func aPhotoIsRightWhereverItIsOrItIsMissing() {
    var ledger = Ledger()
    ledger.apply(.photo(key: "k", bytesHash: "f"))
    func complaint(_ copies: [String: String]) -> [String] {
      missing(changed { $0.photos["k"] = copies }, ledger)
    }
    #expect(
      complaint(["the bucket": "f"]).isEmpty && complaint(["the bucket": "f", "/objects": "f"]).isEmpty)
    #expect(complaint([:]) == ["photo k: not found"])
    #expect(
      complaint(["the bucket": "f", "/objects": "e"]) == ["photo k: its bytes have changed in /objects"])
  }

  @Test func photosAreReadFromTheirFolder() async throws {
    var random = SeededRandom(seed: 3)
    let (picture, hash) = (Picture.make(&random), String(repeating: "0a", count: 32))
    try await withTemporaryFolder { folder in
      let place = folder + "/0a/0a"
      try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
      try Data(picture).write(to: URL(filePath: "\(place)/\(hash).gif"))
      let stores = Stores(placementPath: folder + "/none", dataDirectory: folder, objectsDirectory: folder)
      let photos = try await stores.photos(["\(hash).gif", "\(hash).png", "../etc/passwd"])
      #expect(
        photos == [
          "\(hash).gif": [folder: Checksum.of(picture)], "\(hash).png": [:], "../etc/passwd": [:],
        ])
    }
  }

  @Test(arguments: [UInt64(1), 2, 3]) func picturesAreOnesThatSummitTakesAndNoTwoAreAlike(_ seed: UInt64) {
    var (random, again) = (SeededRandom(seed: seed), SeededRandom(seed: seed))
    let pictures = (0..<20).map { _ in Picture.make(&random) } + [Picture.make(&again)]
    #expect(pictures.allSatisfy { ImageKind($0) == .gif }, "seed \(seed)")
    #expect(Set(pictures.map { Checksum.of($0) }).count == 21, "seed \(seed)")
  }

  @Test func aLikeAfterItsUndoingIsStillThere() {
    let undone = Self.ledger([.unlikeBegun(Self.like), .unlike(Self.like)])
    #expect(missing(Self.rows, undone) == ["unlike of post 7 by ann: still there"])
  }

  @Test func aPostThatIsThereTwiceForOneKeyIsTold() {
    let twice = changed { $0.posts["8"] = .init(author: "ben", textHash: Self.hello) }
    #expect(
      twice.unexpected(Self.ledger())
        == ["post 7 and 8 by ben: there 2 times, and sent under 1 keys"])
    let again = Self.ledger([.postBegun(key: "l", author: "ben", textHash: Self.hello)])
    #expect(twice.unexpected(again).isEmpty)
    #expect(twice.tookEffect(again) == (refused: 0, unanswered: 1))
  }

  @Test func whatNobodyHasSentIsTold() {
    let stray = changed { rows in
      rows.posts["9"] = .init(author: "ann", textHash: "y")
      rows.follows.insert(Pair(subject: "ben", object: "ann"))
      rows.likes.insert(Pair(subject: "ben", object: "7"))
      rows.accounts["ann"] = 2
      rows.wrongLikeCounts = [("7", 3, 2)]
    }
    #expect(
      stray.unexpected(Self.ledger()) == [
        "account ann: 2 rows have the name", "follow of ann by ben: nobody has asked for it",
        "like of post 7 by ben: nobody has asked for it", "post 7: its count of likes is 3, and there are 2",
        "post 9 by ann: nobody has sent it",
      ])
  }

  @Test func aLedgerThatDidNotAnnounceItsWritesAccusesNobody() {
    var old = Ledger()
    old.apply(.run(target: "t", seed: 1, announces: false))
    for record in Self.records.dropFirst() { old.apply(record) }
    #expect(changed { $0.posts["9"] = .init(author: "ann", textHash: "y") }.unexpected(old).isEmpty)
  }

  @Test func whatWasRefusedWith503AndIsThereIsCountedAndWhatWasDeniedIsWrong() {
    func refused(_ status: Int) -> Ledger {
      var ledger = Ledger()
      for record in Self.records where record != .like(Self.like) { ledger.apply(record) }
      ledger.apply(.likeRefused(Self.like, status: status))
      return ledger
    }
    #expect(Self.rows.unexpected(refused(503)).isEmpty)
    #expect(Self.rows.tookEffect(refused(503)) == (refused: 1, unanswered: 0))
    #expect(Self.rows.unexpected(refused(422)) == ["like of post 7 by ann: refused as a mistake, and there"])
    let unanswered = Self.ledger(without: 1)
    #expect(Self.rows.tookEffect(unanswered) == (refused: 0, unanswered: 1))
    #expect(missing(changed { $0.likes = [] }, unanswered).isEmpty)
  }

  @Test func aPostThatWasDeniedAndIsThereIsWrong() {
    func ledger(_ status: Int) -> Ledger {
      var ledger = Ledger()
      for record in Self.records.prefix(4) { ledger.apply(record) }
      ledger.apply(.postRefused(key: "k", status: status))
      return ledger
    }
    let posts = changed { ($0.follows, $0.likes) = ([], []) }
    #expect(posts.unexpected(ledger(422)) == ["post 7 by ben: refused as a mistake, and there"])
    #expect(posts.unexpected(ledger(503)).isEmpty)
    #expect(posts.tookEffect(ledger(503)) == (refused: 1, unanswered: 0))
  }
}
