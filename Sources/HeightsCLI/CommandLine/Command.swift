// What a command is: its words, what it takes, what it does.

import Errors

/// One command of `heights`.
struct Command: Sendable {
  /// Does the work; the result is the exit code: 0 done, 1 the answer is no, 2 wrong use.
  typealias Run = @Sendable (Arguments, Output) async throws -> Int32

  /// One word, or two such as `ledger verify`.
  let name: String
  /// One line.
  let summary: String
  /// What there is to know beyond the summary.
  var discussion = ""
  /// What stands behind the name without dashes, such as `NAME`: each must be given, but for those
  /// in brackets at the end.
  var parameters: [String] = []
  /// What may stand behind the parameters, if it is another program's to understand: options of ours come before them.
  var further: String?
  var options: [Option] = []
  /// A line that works as it is.
  let example: String
  let run: Run
}

/// An option of a command: `--name VALUE`, or a flag.
struct Option: Sendable, Equatable {
  /// Without the dashes.
  let name: String
  /// What the value is called in the help; nil for a flag.
  let value: String?
  /// A letter that stands for it behind one dash, of a flag that other tools have too.
  let short: String?
  let help: String

  init(_ name: String, _ value: String? = nil, short: String? = nil, _ help: String) {
    self.name = name
    self.value = value
    self.short = short
    self.help = help
  }

  /// As it is typed.
  var spelling: String { (short.map { "-\($0), " } ?? "") + "--\(name)" + (value.map { " \($0)" } ?? "") }

  /// Whether a word of the command line, without a value, is this option.
  func isSpelled(_ word: some StringProtocol) -> Bool {
    word == "--\(name)" || short.map { word == "-\($0)" } ?? false
  }

  static let app = Option(
    "app", "DIR", "the app's folder; else this folder if it has a heights.json, else the example app, Summit")
  static let json = Option("json", nil, "print the result as JSON on standard output")
  static let allowBreakingMigration = Option(
    "allow-breaking-migration", nil,
    "in the lab: even with migrations that one of both releases can't live with; requests may fail meanwhile")
  static let help = Option("help", nil, "print this help")
}

/// A mistake in how `heights` was called: exit code 2.
struct UsageError: CodedError, Equatable {
  let code = "usage"
  let isMisuse = true
  let description: String

  init(_ description: String) { self.description = description }
}
