// Links in documents lead somewhere, and decisions are numbered.

import Foundation
import Testing

@Suite struct DocumentTests {
  /// `path:line: target` of each local link whose file is not there.
  private static func brokenLinks(_ files: [TextFile], exists: (String) -> Bool) -> [String] {
    files.filter { $0.path.hasSuffix(".md") }.flatMap { file -> [String] in
      file.lines.enumerated().flatMap { index, line -> [String] in
        line.matches(of: /\]\(([^)\s]+)[^)]*\)/).compactMap { match -> String? in
          guard let path = localPath(String(match.1), from: file.path), !exists(path) else { return nil }
          return "\(file.path):\(index + 1): \(match.1)"
        }
      }
    }
  }

  /// The file that a link means, from the repository's root; nil when it leads to a site or within its page.
  private static func localPath(_ target: String, from page: String) -> String? {
    if target.contains("://") || target.hasPrefix("mailto:") || target.hasPrefix("#") { return nil }
    let path = target.prefix { $0 != "#" && $0 != "?" }
    return (page as NSString).deletingLastPathComponent + "/" + path
  }

  @Test func everyLocalLinkLeadsToAFile() {
    let broken = Self.brokenLinks(Repository.documents) {
      FileManager.default.fileExists(atPath: Repository.root + "/" + $0)
    }
    #expect(broken == [], "a reader who follows a link should arrive")
  }

  @Test func aLinkToNowhereIsNoticed() {
    let text = """
      [a](b.md) [site](https://example.com/b.md) [here](#there) ![c](../d.png "picture") [e](e.md#f), [g](/h)
      """
    var asked: [String] = []
    let broken = Self.brokenLinks([TextFile(path: "docs/x/page.md", text: text)]) {
      asked.append($0)
      return $0 == "docs/x/e.md"
    }
    #expect(asked == ["docs/x/b.md", "docs/x/../d.png", "docs/x/e.md", "docs/x//h"])
    #expect(broken == ["docs/x/page.md:1: b.md", "docs/x/page.md:1: ../d.png", "docs/x/page.md:1: /h"])
  }

  @Test func decisionsAreNumberedOnceAndInOrder() {
    let decisions = Repository.documents.filter { $0.path.hasPrefix("docs/decisions/") }
    let numbers = decisions.map { String($0.path.dropFirst("docs/decisions/".count).prefix(3)) }
    let expected = (1...max(decisions.count, 1)).map {
      String(repeating: "0", count: 3 - "\($0)".count) + "\($0)"
    }
    #expect(numbers == expected, "a decision is cited by its number")
    for (decision, number) in zip(decisions, numbers) {
      #expect(
        decision.lines[0].hasPrefix("# \(number): "), "\(decision.path) begins with its number and title")
    }
  }
}
