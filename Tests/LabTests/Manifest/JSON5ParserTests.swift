// The parser reads JSON5, tells the line of every mistake, and survives any input.

import Testing

@testable import Lab

@Suite struct JSON5ParserTests {
  @Test func readsWhatJSONCannot() throws {
    let node = try JSON5Parser.parse(
      """
      // a comment
      { /* another
           one */ plain: 'single "quotes"', $key_1: [1, +.5, -2., 0xFF, 1e3,],
        "quoted": "a\\u00e9\\ud83d\\ude00\\n", yes: true, none: null, }
      """)
    guard case .object(let members) = node.value else { return #expect(Bool(false)) }
    #expect(members.map(\.key) == ["plain", "$key_1", "quoted", "yes", "none"])
    #expect(members.map(\.line) == [3, 3, 4, 4, 4])
    #expect(members[0].node.value == .string("single \"quotes\""))
    #expect(numbers(members[1].node) == [1, 0.5, -2, 255, 1000])
    #expect(members[2].node.value == .string("aé😀\n"))
    #expect(node.line == 2)
  }

  @Test(arguments: [
    ("", 1, "expected a value, found the end of the file"),
    ("{", 1, "expected '}', found the end of the file"),
    ("{\n a 1}", 2, "expected ':' after the key 'a', found '1'"),
    ("{a: 1\n b: 2}", 2, "expected ',' or '}', found 'b'"),
    ("{1a: 1}", 1, "expected a key, found '1a'"),
    ("{,}", 1, "expected a key, found ','"),
    ("[1,,2]", 1, "expected a value, found ','"),
    ("[bare]", 1, "expected a value, found 'bare' (text needs quotes)"),
    ("[1e999]", 1, "expected a value, found '1e999' (text needs quotes)"),
    ("\n\n'open", 3, "the string is not closed"),
    ("['open\n']", 1, "the string is not closed on its line"),
    ("/* open\n\n", 1, "the comment is not closed"),
    ("'\\q'", 1, "unknown escape in a string: \\ before 'q'"),
    ("'\\ud800'", 1, "\\u names half a character"),
    ("'\\u12'", 1, "expected four hexadecimal digits after \\u"),
    ("{} {}", 1, "expected the end of the file, found '{'"),
    ("/", 1, "expected a value or a comment, found '/'"),
    (String(repeating: "[", count: 100_000), 1, "nested deeper than 64 levels"),
  ])
  func tellsWhereAndWhat(text: String, line: Int, message: String) {
    #expect(throws: JSON5Error(line: line, message: message)) { try JSON5Parser.parse(text) }
  }

  @Test func anyTextIsReadOrRefused() {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("JSON5 fuzz seed: \(seed)")
    var random = SeededRandom(seed: seed)
    let parts = [
      "{", "}", "[", "]", ":", ",", "'", "\"", "\\", "\\u", "d800", "//", "/*", "*/", "/", "\n", "a", "1",
      "-", ".", "e", "0x", "true", "é", "\u{0}", "\u{FEFF}", " ",
    ]
    for _ in 0..<20_000 {
      let count = Int.random(in: 0..<20, using: &random)
      let text = (0..<count).map { _ in parts.randomElement(using: &random) ?? "" }.joined()
      _ = try? JSON5Parser.parse(text)
    }
  }

  private func numbers(_ node: JSON5Node) -> [Double] {
    guard case .array(let elements) = node.value else { return [] }
    return elements.compactMap { if case .number(let number) = $0.value { number } else { nil } }
  }
}

/// SplitMix64: the same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
