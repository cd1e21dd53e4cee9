// What is JSON and what isn't, spelling by spelling (RFC 8259).

import Foundation
import Testing

@testable import HeightsRuntime

@Suite struct JSONGrammarTests {
  // MARK: Taken

  private static let taken: [String] = [
    // Values alone, and space around them.
    "null", "true", "false", "0", "\"\"", "[]", "{}", " null", "null ", "\t\n\r null \t\n\r", "[ ]", "{ }",
    "[\n]", " [ 1 , 2 ] ", " { \"a\" : 1 , \"b\" : 2 } ", "{\"a\":{}}", "[[]]", "[{}]", "{\"\":0}",
    "[null,true,false]", "[1,\"a\",{},[],null]", "{\"a\":[],\"b\":{},\"c\":null}",
    // Numbers.
    "-0", "-1", "10", "123", "-123", "0.0", "0.5", "-0.5", "1.0", "1.25", "100.001", "0e0", "0E0", "0e+0",
    "0e-0", "1e1", "1E1", "1e+1", "1e-1", "1E+01", "1e00", "-1e1", "1.5e10", "1.5E-10", "-0.0", "-0e-5",
    "9007199254740993", "9223372036854775807", "-9223372036854775808", "18446744073709551615",
    "123456789012345678901234567890", "0.1234567890123456789012345678901234567890", "1e308", "1e-400",
    "5e-324", "[0,-0]", "[1]",
    // Texts.
    "\"a\"", "\" \"", "\"\u{7f}\"", "\"é\"", "\"\u{2028}\u{2029}\"", "\"日本語\"", "\"😀\"", "\"\u{10ffff}\"",
    "\"\u{ffff}\"", "\"\u{feff}\"", "\"\u{e000}\"", #""\"""#, #""\\""#, #""\/""#, #""/""#, #""\b\f\n\r\t""#,
    #""\u0000""#, #""\u001f""#, #""\u0041""#, #""\u00e9""#, #""\u00E9""#, #""\u20ac""#, #""\uffff""#,
    #""\ud83d\ude00""#, #""\uD83D\uDE00""#, #""\ud800\udc00""#, #""\udbff\udfff""#, #""a\u0062c""#,
    #""\\u0041""#, #""\\\\""#, #""\\\"""#, #""12345678\n""#, #""1234567\n""#, #""1234567é8""#,
    #""é12345678""#,
    // Names.
    #"{"a b":1}"#, #"{"\u0061":1}"#, #"{"é":1}"#, #"{"a":1,"a":2}"#, #"{"a":1,"\u0061":2}"#, #"{"\"":1}"#,
    #"{"":1,"":2}"#, #"{"a":1,"A":2}"#, #"{"__proto__":1}"#,
  ]

  /// It takes what is nearer to zero than any other number for out of range.
  private static let refusedByFoundation: Set<String> = ["1e-400"]

  @Test(arguments: taken) func aTextIsTaken(text: String) throws {
    let tree = try JSONTree.ours(Array(text.utf8))
    if Self.refusedByFoundation.contains(text) { return }
    #expect(try tree == JSONTree.foundations(Array(text.utf8)), "\(text)")
  }

  @Test func whatIsAsDeepAsTheLimitIsTaken() throws {
    let arrays = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
    let objects = String(repeating: "{\"a\":", count: 63) + "{" + String(repeating: "}", count: 64)
    for text in [arrays, objects, "[\(arrays.dropFirst().dropLast()),\(arrays.dropFirst().dropLast())]"] {
      #expect(try JSONTree.ours(Array(text.utf8)) == JSONTree.foundations(Array(text.utf8)))
    }
  }

  // MARK: Refused

  /// Each with where its mistake is.
  private static let refused: [(text: String, offset: Int)] = [
    // Nothing, and more than one.
    ("", 0), (" ", 1), ("\n", 1), ("null null", 5), ("1 2", 2), ("[] []", 3), ("{}{}", 2), ("[]]", 2),
    ("{}}", 2), ("null,", 4), ("\"a\"b", 3), ("1a", 1), ("[1]x", 3), ("# a", 0), ("null // a", 5),
    ("/* a */ null", 0), ("[1]\u{0}", 3), ("\u{0}", 0), ("\u{feff}null", 0), ("\u{a0}null", 0),
    ("\u{c}null", 0), ("\u{b}1", 0),
    // Words.
    ("nul", 3), ("nulll", 4), ("Null", 0), ("NULL", 0), ("tru", 3), ("truE", 3), ("True", 0), ("fals", 4),
    ("n", 1), ("t", 1), ("undefined", 0), ("nan", 1), ("NaN", 0), ("Infinity", 0), ("-Infinity", 1),
    ("-NaN", 1),
    // Numbers.
    ("-", 1), ("+1", 0), ("--1", 1), ("01", 1), ("-01", 2), ("00", 1), ("0x10", 1), ("1.", 2), (".5", 0),
    ("-.5", 1), ("1..2", 2), ("1.2.3", 3), ("1e", 2), ("1e+", 3), ("1e-", 3), ("1E", 2), ("1ee1", 2),
    ("1e1e1", 3), ("1e1.5", 3), ("0.e1", 2), ("1 000", 2), ("1_000", 1), ("1,000", 1), ("- 1", 1), ("１", 0),
    ("1f", 1), ("0b1", 1), ("1/2", 1), ("[-]", 2), ("[1.]", 3), ("[1e]", 3), ("{\"a\":-}", 6),
    // Arrays.
    ("[", 1), ("]", 0), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[,1]", 1), ("[1,,2]", 3), ("[1 2]", 3),
    ("[1;2]", 2), ("[1}", 2), ("[[]", 3), ("[\"a\":1]", 4), ("[,]", 1), ("(1)", 0),
    // Objects.
    ("{", 1), ("}", 0), ("{\"a\"", 4), ("{\"a\"}", 4), ("{\"a\":", 5), ("{\"a\":}", 5), ("{\"a\":1", 6),
    ("{\"a\":1,", 7), ("{\"a\":1,}", 7), ("{,}", 1), ("{,\"a\":1}", 1), ("{a:1}", 1), ("{'a':1}", 1),
    ("{1:1}", 1), ("{null:1}", 1), ("{\"a\" 1}", 5), ("{\"a\"::1}", 5), ("{\"a\":1 \"b\":2}", 7),
    ("{\"a\":1]", 6), ("{\"a\",\"b\"}", 4), ("{\"a\":1,,\"b\":2}", 7), ("{[]:1}", 1), ("{\"a\"=1}", 4),
    // Texts.
    ("\"", 1), ("\"a", 2), ("'a'", 0), ("a", 0), ("\"\n\"", 1), ("\"\t\"", 1), ("\"\u{0}\"", 1),
    ("\"\u{1f}\"", 1), ("\"a\u{1}\"", 2), ("\"12345678\u{1}\"", 9), ("\"\\", 2), ("\"a\\", 3), ("\"\\\"", 3),
    ("\"\\a\"", 2), ("\"\\x41\"", 2), ("\"\\'\"", 2), ("\"\\0\"", 2), ("\"\\U0041\"", 2), ("\"\\\n\"", 2),
    ("\"\\u\"", 3), ("\"\\u", 3), ("\"\\u0", 3), ("\"\\u00\"", 3), ("\"\\u004\"", 3), ("\"\\u004g\"", 3),
    ("\"\\u 041\"", 3), ("\"\\u+041\"", 3), ("\"\\u0x41\"", 3), ("\"\\ud800\"", 1), ("\"\\udbff\"", 1),
    ("\"\\udc00\"", 1), ("\"\\udfff\"", 1), ("\"\\ud800a\"", 1), ("\"\\ud800\\n\"", 1),
    ("\"\\ud800\\u0041\"", 1), ("\"\\ud800\\ud800\"", 1), ("\"\\udc00\\ud800\"", 1), ("\"\\ud83d\\u\"", 9),
    ("\"\\ud83d\\ude0\"", 9), ("\"\\ud83d\\", 1), ("{\"\\ud800\":1}", 2), ("\"\\", 2), ("\"\\u12", 3),
  ]

  @Test(arguments: refused) func aTextIsRefusedWhereItIsWrong(text: String, offset: Int) {
    let error = #expect(throws: JSONError.self, "\(text)") { try JSONTree.ours(Array(text.utf8)) }
    #expect(error?.kind == .malformed && error?.offset == offset, "\(text): \(error?.description ?? "")")
  }

  /// Each in quotes; what isn't UTF-8 (RFC 3629).
  private static let notUTF8: [[UInt8]] = [
    [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xc2, 0x20], [0xc3, 0xc3], [0xe0, 0x80, 0x80],
    [0xe0, 0x9f, 0xbf], [0xe2, 0x82], [0xe2, 0x82, 0x20], [0xed, 0xa0, 0x80], [0xed, 0xbf, 0xbf],
    [0xef, 0xbf], [0xf0, 0x80, 0x80, 0x80], [0xf0, 0x8f, 0xbf, 0xbf], [0xf0, 0x9f, 0x98],
    [0xf0, 0x9f, 0x98, 0x20], [0xf4, 0x90, 0x80, 0x80], [0xf5, 0x80, 0x80, 0x80], [0xf8], [0xfe], [0xff],
  ]

  @Test(arguments: notUTF8) func whatIsNotUTF8IsRefused(bytes: [UInt8]) {
    for before in ["", "1234567", "é"] {
      for text in ["\"\(before)", "{\"\(before)", "[\"a\",\"\(before)"] {
        for after in ["\"", "", "12345678\""] {
          let whole = Array(text.utf8) + bytes + Array(after.utf8)
          let error = #expect(throws: JSONError.self) { try JSONTree.ours(whole) }
          #expect(error?.kind == .malformed && error?.offset == text.utf8.count, "\(whole)")
        }
      }
    }
  }

  @Test(arguments: [("[", 64), ("{\"a\":", 320), ("[{\"a\":", 192), ("[0,", 192)])
  func whatIsDeeperThanTheLimitIsRefused(opening: String, offset: Int) {
    let text = String(repeating: opening, count: 100_000)
    let error = #expect(throws: JSONError.self) { try JSONTree.ours(Array(text.utf8)) }
    #expect(error?.kind == .malformed && error?.found == "one more" && error?.offset == offset)
  }

  @Test func aTextThatIsCutShortIsRefusedWhereverItIsCut() {
    let text = Array(#"{"a":[1,-2.5e10,true,false,null,"x\n\u00e9\ud83d\ude00é"],"b":{"c":{}}}"#.utf8)
    #expect(throws: Never.self) { try JSONTree.ours(text) }
    for count in 0..<text.count {
      let error = #expect(throws: JSONError.self) { try JSONTree.ours(Array(text[..<count])) }
      #expect(error?.kind == .malformed && (error?.offset ?? 99) <= count)
    }
  }
}
