// A class that says that every entry is checked to be on its loop's thread checks every entry.

import Testing

@Suite struct IsolationTests {
  private static let promise = "every entry is checked to be on the loop's thread"

  /// `path:line` of each function and computed value that others may call, of a class that promises to check and doesn't.
  private static func unchecked(_ files: [TextFile]) -> [String] {
    files.filter { $0.isSwift && $0.path.hasPrefix("Sources/") }.flatMap { file -> [String] in
      guard let promised = file.lines.firstIndex(where: { $0.contains(promise) }),
        let start = file.lines[promised...].firstIndex(where: { !$0.hasPrefix("///") }),
        let end = file.lines[start...].firstIndex(of: "}")
      else { return [] }
      return (start..<end).filter { index in
        isEntry(file.lines[index]) && !body(file.lines[index..<end]).contains { $0.contains("Isolated()") }
      }.map { "\(file.path):\($0 + 1)" }
    }
  }

  private static func isEntry(_ line: String) -> Bool {
    line.contains(/^  (?:public |@discardableResult )*func\b/)
      || line.contains(/^  (?:public )?var \w+: [^={]+\{/) && !line.hasSuffix("didSet {")
  }

  /// From a member's first line to its last.
  private static func body(_ lines: ArraySlice<String>) -> ArraySlice<String> {
    guard lines.first?.hasSuffix("}") != true, let end = lines.firstIndex(of: "  }") else {
      return lines.prefix(1)
    }
    return lines[...end]
  }

  @Test func whoPromisesToCheckEveryEntryDoes() {
    let promising = Repository.code.filter { file in
      file.path.hasPrefix("Sources/") && file.lines.contains { $0.contains(Self.promise) }
    }
    #expect(promising.count > 8)
    #expect(
      Self.unchecked(Repository.code) == [],
      "begin it with loop.checkIsolated(), or with assertIsolated() where each request or statement passes")
  }

  @Test func anEntryThatIsNotCheckedIsNoticed() {
    let text = """
      /// \(Self.promise).
      final class A: @unchecked Sendable {
        var a = 1
        var b: Int { 2 }
        init() {}
        func c() {
          loop.checkIsolated()
        }
        @discardableResult
        func d(
          _ e: Int
        ) {
          work()
        }
        private func f() {}
        func g() { loop.assertIsolated() }
        func h() { work() }
      }
      func i() {}
      """
    let lines = Self.unchecked([TextFile(path: "Sources/HeightsKit/A.swift", text: text)])
    #expect(lines == [4, 10, 17].map { "Sources/HeightsKit/A.swift:\($0)" })
  }
}
