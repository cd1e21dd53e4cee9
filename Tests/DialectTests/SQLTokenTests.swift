// A text of SQL is taken apart as both engines take it apart, whatever is in it.

import Dialect
import TestSupport
import Testing

@Suite struct SQLTokenTests {
  private func texts(_ sql: String) -> [String] { SQLToken.all(in: sql).map(\.text) }

  @Test func whatIsQuotedOrACommentIsNoKeyword() {
    #expect(
      texts("SELECT 'it''s -- no', \"a\"\"b\" -- c'\n/* ; */ FROM t;") == [
        "SELECT", "it's -- no", ",", "a\"b", "FROM", "t", ";",
      ])
    #expect(texts("a $1 $$x;y$$ $tag$ $$ $tag$ $2") == ["a", "$1", "x;y", " $$ ", "$2"])
    #expect(
      texts("x'0a' X'' x [a b] `c``d` :name ?1 @v") == ["0a", "", "x", "a b", "c`d", ":name", "?1", "@v"])
    #expect(
      texts("a->>'b'||c<=1.5e-3<<.5::text") == [
        "a", "->>", "b", "||", "c", "<=", "1.5e-3", "<<", ".5", "::", "text",
      ])
    #expect(texts("1-2 0x1f+3 naïve_ß") == ["1", "-", "2", "0x1f", "+", "3", "naïve_ß"])
  }

  @Test func linesCountFromOneWhateverEndsThem() {
    for newline in ["\n", "\r\n"] {
      let tokens = SQLToken.all(in: "\u{feff}a\(newline)'b\(newline)c' d\(newline)/*\(newline)*/ e")
      #expect(tokens.map(\.line) == [1, 2, 3, 5])
      #expect(tokens.first?.text == "a")
    }
  }

  @Test func anyTextHasAnEnd() {
    var random = SplitMix(7)
    let parts = [
      "'", "\"", "`", "[", "]", "--", "/*", "*/", "$", "$a$", "\n", "x'", "é", "1e", "a", ";", "(", ")", "\0",
      "0x", "->", " ",
    ]
    for _ in 0..<2_000 {
      let sql = (0..<Int.random(in: 0...12, using: &random)).map { _ in
        parts.randomElement(using: &random) ?? ""
      }.joined()
      let tokens = SQLToken.all(in: sql)
      #expect(
        zip(tokens, tokens.dropFirst()).allSatisfy { $0.bytes.upperBound <= $1.bytes.lowerBound }, "\(sql)")
      #expect((tokens.last?.bytes.upperBound ?? 0) <= sql.utf8.count, "\(sql)")
      _ = MigrationCheck(sql)
      _ = NullsOrder.applied(to: sql) { _ in false }
      _ = ParameterPlaces(tokens)
    }
  }
}
