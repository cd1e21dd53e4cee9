// A habit of this repository: what it asks of a file, and why.

struct Habit: Sendable {
  let name: String
  /// Told when it is broken.
  let reason: String
  let applies: @Sendable (TextFile) -> Bool
  /// The numbers of the lines that break it, from 1.
  let broken: @Sendable (TextFile) -> [Int]

  /// `path:line` of each line that breaks it.
  func violations(in files: [TextFile]) -> [String] {
    files.filter(applies).flatMap { file in broken(file).map { "\(file.path):\($0)" } }
  }

  /// A habit that a line keeps or breaks alone.
  static func ofLines(
    _ name: String, because reason: String, applies: @escaping @Sendable (TextFile) -> Bool = { _ in true },
    isBroken: @escaping @Sendable (String) -> Bool
  ) -> Habit {
    Habit(name: name, reason: reason, applies: applies) { file in
      file.lines.indices.filter { isBroken(file.lines[$0]) }.map { $0 + 1 }
    }
  }
}

// This folder names the words that it looks for, so it is not searched for them.
extension Habit {
  static let all = [
    header, length, noPrint, explainedDanger, lookedForAgain, nothingLeftToDo, noTabs, noTrailingSpaces,
    hashed,
  ]

  static let header = Habit(
    name: "header", reason: "a file's first line says what it is, so that a reader knows whether to read on",
    applies: \.isSwift
  ) { file in
    let first = file.lines.first ?? ""
    return first.hasPrefix("// ") && first.count > 10 ? [] : [1]
  }

  static let length = Habit(
    name: "length", reason: "a file of more than 400 lines has more than one subject: split it",
    applies: \.isSwift
  ) { file in
    file.lines.count > 401 ? [file.lines.count] : []
  }

  static let noPrint = ofLines(
    "no print",
    because: "results leave through the command line's Output, logs through Log, tests print seeds only",
    applies: { $0.isSwift && !$0.path.hasPrefix("Sources/HeightsCLI/") && !$0.path.hasPrefix("Tests/") },
    isBroken: { $0.contains("rint(") && code(of: $0).contains(/(^|[^.\w])(debugPrint|print)\(/) })

  static let lookedForAgain = Habit(
    name: "looked for again",
    reason:
      "an engine may be installed while the lab runs: what is looked up once, in a static let, stays missing",
    applies: { $0.isSwift && $0.path.hasPrefix("Sources/Lab/") && !$0.path.hasPrefix(ownFolder) }
  ) { file in
    let lookUps = ["access(", "Programs.find(", "getpwnam(", "contentsOfDirectory(", "environment["]
    return file.lines.indices.filter { index in
      guard file.lines[index].contains("static let ") else { return false }
      // What the declaration goes on with: its own line, and those that are deeper than it.
      let depth = file.lines[index].prefix { $0 == " " }.count
      let rest = file.lines[(index + 1)...].prefix { $0.prefix { $0 == " " }.count > depth }
      return ([file.lines[index]] + rest).contains { line in lookUps.contains { line.contains($0) } }
    }.map { $0 + 1 }
  }

  private static let dangers: [String] = [
    "@unchecked Sendable", "nonisolated(unsafe)", "try!", "as!", "unsafeBitCast",
  ]

  static let explainedDanger = Habit(
    name: "explained danger",
    reason:
      "what the compiler can't check needs a comment, on the line or just above, that says why it is sound",
    applies: { $0.isSwift && !$0.path.hasPrefix(ownFolder) }
  ) { file in
    file.lines.indices.filter { index in
      let above = index > 0 ? file.lines[index - 1] : ""
      let isDangerous = dangers.contains { code(of: file.lines[index]).contains($0) }
      return isDangerous && !(above + file.lines[index]).contains("//")
    }.map { $0 + 1 }
  }

  static let hashed = Habit(
    name: "hashed",
    reason: "a package of PyPI is installed by its hash alone: a list with one that lacks it is refused",
    applies: { $0.path.hasSuffix(".txt") }
  ) { file in
    file.lines.indices.filter { index in
      let next = index + 1 < file.lines.count ? file.lines[index + 1] : ""
      return file.lines[index].contains(/^[A-Za-z0-9._-]+==/) && !next.contains("--hash=sha256:")
    }.map { $0 + 1 }
  }

  private static let notes: Set<Substring> = ["TODO", "FIXME", "XXX", "HACK"]

  static let nothingLeftToDo = ofLines(
    "nothing left to do", because: "what is not done is not there yet; a note in a comment is forgotten",
    applies: { !$0.path.hasPrefix(ownFolder) },
    isBroken: { line in line.split { !$0.isLetter && !$0.isNumber }.contains(where: notes.contains) })

  static let noTabs = ofLines(
    "no tabs", because: "a tab has another width in every editor", isBroken: { $0.contains("\t") })

  static let noTrailingSpaces = ofLines(
    "no trailing spaces", because: "nobody sees them, and every diff shows them",
    applies: { !$0.path.hasSuffix(".md.template") }, isBroken: { $0.hasSuffix(" ") })

  private static let ownFolder = "Tests/TidyTests/"

  /// A line without its comment.
  private static func code(of line: String) -> Substring {
    line.prefix(upTo: line.firstRange(of: "//")?.lowerBound ?? line.endIndex)
  }
}
