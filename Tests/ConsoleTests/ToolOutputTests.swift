// What `heights` writes with --json is taken apart into lines for people and a report.

import Testing

@testable import Console

@Suite struct ToolOutputTests {
  @Test("a climb's events are lines where they begin something, and the outcome is its message")
  func linesForPeople() {
    let text = """
      one moment
      {"count":7,"event":"starts","number":1,"operation":"run","step":"a","text":"start the app"}
      {"count":7,"event":"done","number":1,"operation":"run","step":"a","text":"start the app"}
      {"count":7,"event":"starts","number":1,"operation":"verify","step":"a","text":"start the app"}
      {"count":7,"event":"progress","number":2,"operation":"run","step":"b","text":"12 rows"}
      {"count":7,"event":"failed","number":2,"operation":"verify","step":"b","text":"a row is missing"}
      {"count":7,"event":"starts","number":2,"operation":"undo","step":"b","text":"copy rows"}
      {"message":"the climb is undone","outcome":"reverted"}

      """
    var output = ToolOutput()
    let expected: [ToolOutput.Part] = [
      .line("one moment"), .line("1 of 7: start the app"), .line("2 of 7: 12 rows"),
      .line("2 of 7: a row is missing"), .line("2 of 7: undoing: copy rows"), .line("the climb is undone"),
    ]
    #expect(output.take(Array(text.utf8)) == expected)
  }

  @Test("a document over several lines is the report, wherever the reading stopped in between")
  func documentIsTheReport() {
    let document = "{\n  \"failed\" : 0,\n  \"latency\" : {\n    \"p50\" : 1\n  }\n}"
    let bytes = Array("20 ok\n\(document)\n".utf8)
    for cut in bytes.indices {
      var output = ToolOutput()
      let parts = output.take(Array(bytes[..<cut])) + output.take(Array(bytes[cut...]))
      let report = Array(document.utf8.filter { $0 != UInt8(ascii: "\n") })
      #expect(parts == [.line("20 ok"), .report(report)], "cut at \(cut)")
      #expect(output.readBytes == bytes.count)
    }
  }

  @Test(
    "what only looks like JSON never ends up in the snapshot as it is",
    arguments: [
      ("{\nnonsense\n}\n", []), ("{oops}\n", ["{oops}"]), ("[1, 2]\n", ["[1, 2]"]), ("\n\n", []),
      ("{}\n", []),
    ])
  func rubbish(text: String, lines: [String]) {
    var output = ToolOutput()
    #expect(output.take(Array(text.utf8)) == lines.map { .line($0) })
  }
}
