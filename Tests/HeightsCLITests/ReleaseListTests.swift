// How releases are listed, and how the way back is asked for.

import Foundation
import Testing

@testable import HeightsCLI
@testable import Lab

@Suite struct ReleaseListTests {
  private static var book: ReleaseBook {
    var book = ReleaseBook()
    for number in 1...3 {
      book.add(
        LabRelease(
          number: number, madeAtMs: 1_700_000_000_000, origin: "/app, at commit 0123456789 (main)",
          fingerprint: "\(number)", runs: ReleaseRuns(all: ["run"])))
    }
    for number in [1, 2] { book.settle(number) }
    book.noteRemoval(of: 1)
    book.assign(3, to: ["a"])
    book.assign(2, to: ["a"])
    book.drop(fault: "it does not start")
    return book
  }

  @Test func theNewestComesFirst() {
    #expect(
      ReleaseList(Self.book).text == """
        RELEASE  STATE              MADE                  FROM
        3        bad                2023-11-14T22:13:20Z  /app, at commit 0123456789 (main): it does not start
        2        running            2023-11-14T22:13:20Z  /app, at commit 0123456789 (main)
        1        replaced, removed  2023-11-14T22:13:20Z  /app, at commit 0123456789 (main)
        """)
    #expect(ReleaseList(ReleaseBook()).text == "there is no release yet: `heights up` makes the first one")
  }

  @Test func asJSONItHasTheSame() throws {
    let data = try JSONEncoder().encode(ReleaseList(Self.book))
    let list = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let lines = try #require(list["releases"] as? [[String: Any]])
    #expect(list["current"] as? Int == 2)
    #expect(lines.map { $0["state"] as? String } == ["bad", "running", "replaced"])
    #expect(lines.map { $0["isKept"] as? Bool } == [true, true, false])
  }

  @Test(arguments: [
    (["rollback", "two"], "'rollback' takes the number of a release, such as 3, and got 'two'"),
    (["rollback", "0"], "and got '0'"),
    (["rollback", "1", "2"], "unexpected '2': 'rollback' takes [N] besides options"),
  ])
  func theWayBackTakesANumber(words: [String], message: String) async {
    let run = await Run(words)
    #expect(run.code == 2 && run.progress.contains(message), "\(run.progress)")
  }
}
