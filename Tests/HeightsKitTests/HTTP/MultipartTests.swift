// Forms with files as clients really send them, in pieces of any size; and bytes that only look like them.

import TestSupport
import Testing

@testable import HeightsHTTP

@Suite struct MultipartTests {
  /// A part as it was found.
  private struct Found: Equatable, CustomStringConvertible {
    let head: PartHead
    var content: [UInt8] = []
    var description: String {
      let name = head.name.debugDescription + (head.filename.map { " as \($0.debugDescription)" } ?? "")
      return
        "\(name) [\(head.contentType ?? "")]: \(String(decoding: content, as: UTF8.self).debugDescription)"
    }
  }

  /// Reads a body, in pieces that `size` tells, each time anew.
  private func read(
    _ body: [UInt8], _ boundary: String = "abc", size: () -> Int = { .max }
  ) throws -> [Found] {
    var parser = try #require(MultipartParser(boundary: Array(boundary.utf8)))
    var found: [Found] = []
    var rest = body[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(size()))
      rest = rest.dropFirst(piece.count)
      try piece.withUnsafeBytes {
        try parser.receive($0) { event in
          switch event {
          case .part(let head): found.append(Found(head: head))
          case .content(let bytes): found[found.count - 1].content += bytes
          }
        }
      }
    }
    try parser.finish()
    return found
  }

  private func read(_ body: String) throws -> [Found] { try read(Array(body.utf8)) }

  private func body(_ head: String, _ content: String = "v") -> String {
    "--abc\r\n\(head)\r\n\r\n\(content)\r\n--abc--\r\n"
  }

  @Test(arguments: [
    (#"Content-Disposition: form-data; name="text""#, #""text" []: "v""#),
    ("Content-Disposition: form-data; name=text", #""text" []: "v""#),
    (#"Content-Disposition: form-data;name="x""#, #""x" []: "v""#),
    (#"content-disposition: FORM-DATA ; NAME = "x" ; size=3;"#, #""x" []: "v""#),
    (#"Content-Disposition:form-data; name="""#, #""" []: "v""#),
    ("Content-Disposition: form-data;\r\n\tname=\"x\"", #""x" []: "v""#),
    (
      "X-Other: 1\r\nContent-Disposition : form-data; name=x\r\nContent-Type: text/plain",
      #""x" [text/plain]: "v""#
    ),
    (#"Content-Disposition: form-data; name="a"; filename="b;c=d.txt""#, #""a" as "b;c=d.txt" []: "v""#),
    (#"Content-Disposition: form-data; name=a; filename=b.txt"#, #""a" as "b.txt" []: "v""#),
    (#"Content-Disposition: form-data; filename=""; name=a"#, #""a" as "" []: "v""#),
    (#"Content-Disposition: form-data; name=a; filename="a\"b\\c.txt""#, #""a" as "a\"b\\c.txt" []: "v""#),
    (
      #"Content-Disposition: form-data; name=a; filename="C:\dir\b.txt""#, #""a" as "C:\\dir\\b.txt" []: "v""#
    ),
    (#"Content-Disposition: form-data; name=a; filename="dir\""#, #""a" as "dir\\" []: "v""#),
    (
      #"Content-Disposition: form-data; name="a%22b"; filename="50%25 %0D%0a.txt""#,
      #""a\"b" as "50%25 \r\n.txt" []: "v""#
    ),
    (#"Content-Disposition: form-data; name="é"; filename="naïve.txt""#, #""é" as "naïve.txt" []: "v""#),
    (
      "Content-Disposition: form-data; name=a; filename*=UTF-8''na%C3%AFve.txt",
      #""a" as "naïve.txt" []: "v""#
    ),
    (
      "Content-Disposition: form-data; name=a; filename=plain.txt; filename*=UTF-8''b.txt",
      #""a" as "plain.txt" []: "v""#
    ),
    ("Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: 8BIT", #""a" []: "v""#),
  ])
  func aHeadIsUnderstoodInEverySpellingThatTheStandardsAllow(head: String, part: String) throws {
    #expect(try read(body(head)).description == "[\(part)]")
  }

  @Test(arguments: [
    ("Content-Type: text/plain", "part 1 has no Content-Disposition"),
    ("Content-Disposition: form-data", "part 1 has no name"),
    ("Content-Disposition: form-data; filename=x", "part 1 has no name"),
    ("Content-Disposition: attachment; name=a", "part 1 is said to be 'attachment' and not form-data"),
    ("Content-Disposition: form-data; name=a; name=b", "part 1 has a Content-Disposition that can't be read"),
    (#"Content-Disposition: form-data; name="a"b"#, "part 1 has a Content-Disposition that can't be read"),
    (#"Content-Disposition: form-data; name="a"#, "part 1 has a Content-Disposition that can't be read"),
    (#"Content-Disposition: form-data; name=a"b""#, "part 1 has a Content-Disposition that can't be read"),
    (#"Content-Disposition: form-data; "name"=a"#, "part 1 has a Content-Disposition that can't be read"),
    ("Content-Disposition: form-data, name=a", "part 1 is said to be 'form-data, name=a' and not form-data"),
    (
      "Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b",
      "part 1 has two of Content-Disposition"
    ),
    ("Content-Disposition: form-data; name=a\r\nno colon", "part 1 has a line without a colon in its head"),
    (
      "Content-Disposition: form-data; name=a\nX: y",
      "part 1 has a zero or half a line break in its head: lines end with CR and LF"
    ),
    (
      "Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64",
      "part 1 is encoded as base64, and has to be sent as it is"
    ),
    (
      "Content-Disposition: form-data; name=a; filename*=latin1''%E9",
      "part 1 has a filename* that isn't percent-encoded UTF-8"
    ),
    (
      "Content-Disposition: form-data; name=\(String(repeating: "a", count: 20_000))",
      "part 1 has a head of more than 16384 bytes"
    ),
  ])
  func aPartThatCantBeUnderstoodIsRefusedAndNeverLeftOut(head: String, why: String) throws {
    let error = #expect(throws: MultipartError.self) { try read(body(head)) }
    #expect(error?.description == "The form's \(why).")
    let second = "--abc\r\nContent-Disposition: form-data; name=ok\r\n\r\n1\r\n" + body(head)
    let another = #expect(throws: MultipartError.self) { try read(second) }
    #expect(another?.description == "The form's \(why.replacing("part 1", with: "part 2")).")
  }

  @Test(arguments: [
    "", "--abc", "--abc-", "--abc\r\n", "--abc\r\nContent-Disposition: form-data; name=a\r\n\r\nx",
    "--abc\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--ab", "--abd--\r\n", "nothing like it",
  ])
  func aFormThatEndsTooEarlyIsRefused(body: String) throws {
    let error = #expect(throws: MultipartError.self) { try read(body) }
    #expect(error?.description == "The form ends before it is complete.")
  }

  @Test(arguments: ["--abcd\r\n", "--abc\n", "--abc \rx", "--abc;\r\n"])
  func whatFollowsABoundaryIsItsLineEndOrTheForm(body: String) throws {
    #expect(throws: MultipartError.self) {
      try read(body + "Content-Disposition: form-data; name=a\r\n\r\n\r\n--abc--")
    }
  }

  @Test func whatIsBeforeTheFirstBoundaryAndBehindTheLastIsNoPart() throws {
    let part = "Content-Disposition: form-data; name=a\r\n\r\n1\r\n"
    #expect(try read("preamble\r\n--abc \t\r\n\(part)--abc--epilogue\r\n--abc\r\nno part").count == 1)
    #expect(try read("--abc--").isEmpty)
    // Its line break is that of the boundary.
    #expect(
      try read("--abc\r\nContent-Disposition: form-data; name=a\r\n\r\n--abc--").description
        == #"["a" []: ""]"#)
  }

  @Test(arguments: [
    ("boundary=abc", "abc"), ("boundary=abc; charset=utf-8", "abc"), ("boundary=abc ", "abc"),
    ("BOUNDARY = abc ;charset=utf-8", "abc"), (#"charset=utf-8; boundary="a b:c""#, "a b:c"),
    ("boundary=----=_Part_1_2.3:4", "----=_Part_1_2.3:4"), ("boundary=a; boundary=b", nil),
    ("boundary=", nil), (#"boundary="abc"#, nil), ("boundary=\(String(repeating: "x", count: 71))", nil),
    ("", nil),
  ])
  func aBoundaryIsFoundInEverySpelling(parameters: String, boundary: String?) throws {
    let value = HeaderValue("Multipart/Form-Data; \(parameters)".utf8)
    let found = value?["boundary"].flatMap { MultipartParser(boundary: $0) == nil ? nil : $0 }
    #expect(found == boundary.map { Array($0.utf8) })
  }

  @Test func whatWasPutInComesOutWholeInPiecesOfAnySize() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    let alphabet = Array("\r\n-abc \u{0}\"".utf8)
    for _ in 0..<300 {
      let boundary = "ab" + String(UInt64.random(in: 0...99, using: &random))
      var sent: [Found] = []
      var body: [UInt8] = []
      for number in 0..<Int.random(in: 0...5, using: &random) {
        var content = (0..<Int.random(in: 0...60, using: &random)).map { _ in
          alphabet.randomElement(using: &random)!
        }
        // Whoever sends a form chooses a boundary that isn't in it.
        while let at = content.firstRange(of: Array("\r\n--\(boundary)".utf8)) { content.removeSubrange(at) }
        if content.starts(with: Array("--\(boundary)".utf8)) { content = [] }
        let isFile = Bool.random(using: &random)
        let head = "Content-Disposition: form-data; name=\"n\(number)\"" + (isFile ? "; filename=\"f\"" : "")
        body += Array("--\(boundary)\r\n\(head)\r\n\r\n".utf8) + content + [13, 10]
        sent.append(Found(head: try PartHead(head.utf8), content: content))
      }
      body += Array("--\(boundary)--\r\n".utf8)
      let found = try read(body, boundary) { Int.random(in: 1...7, using: &random) }
      #expect(found == sent, "seed \(seed)")
      #expect(try read(body, boundary) == sent, "seed \(seed)")
    }
  }

  @Test func aChangedByteGivesPartsOrAnErrorAndTheSameInPieces() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    let whole = Array(
      "x\r\n--abc\r\nContent-Disposition: form-data; name=\"a\\\"b\"; filename=\"c\"\r\nContent-Type: a/b\r\n\r\nx\r\n--abc--"
        .utf8)
    for _ in 0..<3_000 {
      var body = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = Int.random(in: 0..<body.count, using: &random)
        switch Int.random(in: 0...2, using: &random) {
        case 0: body[at] = UInt8.random(in: 0...255, using: &random)
        case 1: body.remove(at: at)
        default: body.insert(contentsOf: body[at...].prefix(9), at: at)
        }
      }
      let inPieces = outcome(body) { Int.random(in: 1...3, using: &random) }
      #expect(outcome(body) { .max } == inPieces, "seed \(seed)")
    }
  }

  private func outcome(_ body: [UInt8], size: () -> Int) -> String {
    do { return try read(body, size: size).description } catch { return "\(error)" }
  }
}
