// docs/manifest.md has every key that heights.json may have, and every variable that a process may be told, and no others.

import Testing

@Suite struct ManifestPageTests {
  private static func file(_ path: String) throws -> TextFile {
    try #require(Repository.code.first { $0.path == path } ?? Repository.documents.first { $0.path == path })
  }

  /// What stands in the first columns of its tables, in `code`.
  private static func rows(_ page: TextFile) -> Set<String> {
    Set(
      page.lines.filter { $0.hasPrefix("| `") }.flatMap { line in
        line.split(separator: "|").first?.matches(of: /`([^`]+)`/).map { String($0.1) } ?? []
      })
  }

  private static func keysRead() throws -> Set<String> {
    let readers = Repository.code.filter { $0.path.hasPrefix("Sources/Lab/Manifest/Manifest+") }
    let asked = readers.flatMap { file in
      file.lines.joined(separator: "\n")
        .matches(of: /(?:required|requiredMember|optional|member|whole)\(\s*"(\w+)"/).map { String($0.1) }
    }
    let actions = try file("Sources/Workload/Action.swift").lines.prefix { !$0.contains("var isWrite") }
      .filter { $0.contains(": true") }.flatMap { $0.matches(of: /\.(\w+)/).map { String($0.1) } }
    return Set(asked).union(actions)
  }

  @Test func everyKeyIsThereAndNoOther() throws {
    let rows = Self.rows(try Self.file("docs/manifest.md"))
    let keys = Set(
      rows.filter { $0.first?.isLowercase == true }.map { String($0.split(separator: ".").last ?? "") })
    let read = try Self.keysRead()
    #expect(read.count > 25)
    #expect(keys.subtracting(read) == [], "on the page, and read by nobody")
    #expect(read.subtracting(keys) == [], "read, and not on the page")
  }

  @Test func everyVariableIsThereAndNoOther() throws {
    let rows = Self.rows(try Self.file("docs/manifest.md"))
    let variables = try Self.file("Sources/Contract/AppVariable.swift").lines.compactMap { line in
      line.firstMatch(of: /^  case \w+ = "(\w+)"/).map { String($0.1) }
    }
    #expect(variables.count > 25)
    #expect(Set(variables) == rows.filter { $0.first?.isUppercase == true })
  }
}
