// The habits of this repository are kept, and each habit notices when it is broken.

import Testing

@Suite struct HabitTests {
  private static let names: [String] = Habit.all.map { $0.name }

  @Test func aPackageWithoutItsHashIsNoticed() {
    let list = "# One.\na==1 \\\n    --hash=sha256:00\n\nb_c==2.0\n"
    #expect(
      Habit.hashed.violations(in: [TextFile(path: "scripts/requirements.txt", text: list)]) == [
        "scripts/requirements.txt:5"
      ])
  }

  private static let broken: [(habit: String, text: String)] = [
    ("header", "import Foundation\n"),
    ("header", "// Lab\n"),
    ("length", lines(401)),
    ("no print", "  if isOn { print(1) }\n"),
    ("no print", "debugPrint(self)\n"),
    ("explained danger", "final class A: @unchecked Sendable {}\n"),
    ("explained danger", "let a = try! b()\n"),
    ("explained danger", "// why\n\nlet a = b as! C\n"),
    ("looked for again", "  static let a = Programs.find(\"b\")\n"),
    ("looked for again", "  static let a: String? = {\n    access(b, X_OK) == 0\n  }()\n"),
    ("nothing left to do", "// TODO: later\n"),
    ("nothing left to do", "/* FIXME */\n"),
    ("no tabs", "\tlet a = 1\n"),
    ("no trailing spaces", "let a = 1 \n"),
  ]

  private static func lines(_ count: Int) -> String { String(repeating: "a\n", count: count) }

  private static let kept: [(habit: String, text: String)] = [
    ("header", "// What it is, in a line.\n"),
    ("length", lines(400)),
    ("no print", "fingerprint(a); a.print(b) // print(c)\n"),
    ("explained danger", "// Why it is sound.\nlet a = try! b()\n"),
    ("explained danger", "let a = try! b()  // why it is sound\n"),
    ("looked for again", "  static var a: String? { Programs.find(\"b\") }\n"),
    ("looked for again", "  static let a = 1\n  func b() { access(c, X_OK) }\n"),
    ("nothing left to do", "let TODOS = 1\n"),
  ]

  @Test func theRepositoryIsRead() {
    #expect(Repository.code.filter(\.isSwift).count > 100)
    #expect(Repository.requirements.count > 3)
    #expect(Repository.documents.contains { $0.path == "docs/stages/1-launch-page.md" })
  }

  @Test(arguments: names) func isKept(name: String) throws {
    let habit = try #require(Habit.all.first { $0.name == name })
    let violations = habit.violations(in: Repository.code + Repository.documents + Repository.requirements)
    #expect(violations == [], "\(habit.reason)")
  }

  @Test(arguments: broken)
  func isNoticedWhenBroken(name: String, text: String) throws {
    let habit = try #require(Habit.all.first { $0.name == name })
    #expect(habit.violations(in: [TextFile(path: "Sources/Lab/A.swift", text: text)]).count == 1)
  }

  @Test(arguments: kept)
  func isNotSeenWhereItIsKept(name: String, text: String) throws {
    let habit = try #require(Habit.all.first { $0.name == name })
    #expect(habit.violations(in: [TextFile(path: "Sources/Lab/A.swift", text: text)]) == [])
  }
}
