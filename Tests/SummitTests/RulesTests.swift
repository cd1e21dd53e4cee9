// What Summit accepts, and in which form it is kept.

import HeightsKit
import Testing

@testable import Summit

@Suite struct RulesTests {
  private static let name = "Use 3 to 20 lower-case letters, digits or underscores."
  private static let displayName = "Use 1 to 50 characters on one line."
  private static let hidden = "Use only characters that can be seen."
  private static let password = "Use at least 10 characters."
  private static let length = "Use at most 500 characters."

  @Test(
    arguments: [
      ("abc", nil), ("a_1", nil), (String(repeating: "z", count: 20), nil),
      ("ab", name), (String(repeating: "z", count: 21), name), ("Abc", name), ("a-c", name), ("a c", name),
      ("äbc", name), ("", name), ("ab\u{0}", name), ("a.b", name),
    ] as [(String, String?)])
  func names(_ value: String, _ problem: String?) { expect(Rules.name, value, problem) }

  @Test(
    arguments: [
      ("Mira", "Mira", nil), ("  Mira  Hofer ", "Mira  Hofer", nil), ("<b>", "<b>", nil), ("山", "山", nil),
      (String(repeating: "é", count: 50), String(repeating: "é", count: 50), nil),
      ("   ", "", displayName), (String(repeating: "x", count: 51), "", displayName),
      ("a\nb", "", displayName),
      ("a\u{7}b", "", displayName), ("👩🏽‍🚀 ❤️‍🔥", "👩🏽‍🚀 ❤️‍🔥", nil), ("می‌خواهم", "می‌خواهم", nil),
      ("mi\u{200B}ra", "", hidden), ("mi\u{200D}ra", "", hidden), ("mira\u{FE0F}", "", hidden),
      ("\u{202E}arim", "", hidden), ("\u{2066}mira\u{2069}", "", hidden), ("mira\u{2060}", "", hidden),
      ("\u{FEFF}mira", "", hidden), ("\u{3164}", "", hidden), ("mi\u{AD}ra", "", hidden),
      ("山\u{200D}", "", hidden), ("a\u{2028}b", "", hidden),
      ("a" + String(repeating: "\u{301}", count: 250), "", displayName),
    ] as [(String, String, String?)])
  func displayNames(_ value: String, _ kept: String, _ problem: String?) {
    expect(Rules.displayName, value, problem, kept: kept)
  }

  @Test(
    arguments: [
      ("me@example.com", "me@example.com", nil), ("Me@Example.COM", "me@example.com", nil),
      ("example.com", "", "A mail address has one @, such as name@example.com."),
      ("me@example", "", "The part after the @ isn't a domain, such as example.com."),
      (
        "m e@example.com", "",
        "The part before the @ can't be used: letters, digits and .!#$%&'*+/=?^_`{|}~- are fine."
      ),
    ] as [(String, String, String?)])
  func addresses(_ value: String, _ kept: String, _ problem: String?) {
    expect(Rules.email, value, problem, kept: kept)
  }

  @Test(
    arguments: [
      ("0123456789", nil), (String(repeating: "p", count: 1024), nil), ("contraseña", nil),
      ("012345678", password), ("", password), (String(repeating: "p", count: 1025), password),
    ] as [(String, String?)])
  func passwords(_ value: String, _ problem: String?) { expect(Rules.password, value, problem) }

  @Test(
    arguments: [
      ("Hello", "Hello", nil), (" \n Hello\r\nthere \n", "Hello\nthere", nil), ("<script>", "<script>", nil),
      (String(repeating: "x", count: 500), String(repeating: "x", count: 500), nil),
      (String(repeating: "🏔️", count: 500), String(repeating: "🏔️", count: 500), nil),
      (String(repeating: "x", count: 501), "", length), ("", "", "Write something."),
      (" \r\n ", "", "Write something."),
      ("a" + String(repeating: "\u{301}", count: 3_000), "", length),
      ("a\u{0}b", "", "Control characters can't be shown."),
      ("a\tb", "", "Control characters can't be shown."),
    ] as [(String, String, String?)])
  func texts(_ value: String, _ kept: String, _ problem: String?) {
    expect(Rules.text, value, problem, kept: kept)
  }

  @Test(arguments: ["", "a b", "ä", String(repeating: "k", count: 65)])
  func keysThatCannotBeUsed(_ key: String) {
    expect(Rules.idempotencyKey, key, "Use 1 to 64 printable ASCII characters.")
  }

  @Test func allMistakesOfAFormAreToldAtOnce() {
    let problem = #expect(throws: Problem.self) {
      _ = try SignUp(name: "A", displayName: "a\nb", email: "x", password: "short")
    }
    #expect(problem?.fields.map(\.name) == ["name", "displayName", "email", "password"])
  }

  @Test func whoGivesNoDisplayNameIsShownByName() throws {
    let signUp = try SignUp(name: "mira", displayName: "", email: "m@example.com", password: "0123456789")
    #expect(signUp.displayName == "mira")
  }

  @Test(arguments: [
    "/", "/popular?cursor=3-17", "/@mira#post-1", "/a//b",
  ])
  func aPathOfThisSiteMayBeGoneBackTo(_ path: String) { #expect(LocalPath(path)?.text == path) }

  @Test(arguments: [
    "", "//evil.example", "/\\evil.example", "\\/evil.example", "https://evil.example", "javascript:alert(1)",
    "evil.example", "/\t/evil.example", "/a\r\nSet-Cookie: x=y", "/é",
    "/" + String(repeating: "a", count: 512),
  ])
  func nothingElseMay(_ path: String) { #expect(LocalPath(path) == nil) }

  /// - Parameter kept: what the rule returns; nil for the value itself.
  private func expect(
    _ rule: (String) throws(Rejection) -> String, _ value: String, _ problem: String?, kept: String? = nil,
    _ location: SourceLocation = #_sourceLocation
  ) {
    do {
      let stored = try rule(value)
      #expect(problem == nil && stored == kept ?? value, sourceLocation: location)
    } catch {
      #expect(error.message == problem, sourceLocation: location)
    }
  }
}
