// docs/sql.md names every function that both engines are said to have, and no other.

import Testing

@Suite struct SQLPageTests {
  @Test func everyFunctionThatBothHaveIsThereAndNoOther() throws {
    let vocabulary = try #require(Repository.code.first { $0.path == "Sources/Dialect/Vocabulary.swift" })
    let list = vocabulary.lines.drop { !$0.contains("static let functions") }.prefix {
      !$0.contains("]") || $0.contains("Set<")
    }
    let known = Set(list.flatMap { $0.matches(of: /"(\w+)"/).map { String($0.1) } })
    let page = try #require(Repository.documents.first { $0.path == "docs/sql.md" })
    let rows = page.lines.filter { $0.hasPrefix("| functions") }
    let told = Set(rows.flatMap { $0.matches(of: /`(\w+)`/).map { String($0.1) } })
    #expect(known.count > 30 && told == known)
  }
}
