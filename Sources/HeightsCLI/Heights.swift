// From words to a command, and from what it throws to an exit code.

import Climb
import CloudFormation
import Deploy
import Drill
import Errors
import Lab
import Load
import Planner
import Topology

/// The `heights` command line.
enum Heights {
  /// What `--version` tells: the heading in CHANGELOG.md that the work goes under.
  static let version = "0.1.0-dev"

  static let commands: [Command] = [
    .up, .status, .down, .climb, .resize, .scale, .traces, .load, .drill, .ledgerVerify, .historyCheck,
    .logs, .run, .shell, .psql,
    .plan, .template, .build, .deploy, .releases, .rollback, .initialise,
  ]

  /// Runs the command that `words` name.
  /// - Returns: the exit code: 0 done, 1 the answer is no, 2 wrong use.
  static func run(_ words: [String], _ output: Output) async -> Int32 {
    guard let first = words.first, first != "--help", first != "-h", first != "help" else {
      output.result(Help.overview(commands))
      return words.isEmpty ? 2 : 0
    }
    if words == ["--version"] {
      output.result("heights \(version)")
      return 0
    }
    do {
      let (command, rest) = try find(words)
      if asksForHelp(rest, command) {
        output.result(Help.of(command))
        return 0
      }
      return await run(command, rest, output)
    } catch {
      output.progress("heights: \(error)")
      return 2
    }
  }

  /// Before the parameters alone, where the rest may be another program's.
  private static func asksForHelp(_ words: [String], _ command: Command) -> Bool {
    let own = command.further == nil ? words.prefix { $0 != "--" } : ownWords(words, command)
    return own.contains { $0 == "--help" || $0 == "-h" }
  }

  /// The options that stand before the first parameter, with their values.
  private static func ownWords(_ words: [String], _ command: Command) -> ArraySlice<String> {
    var end = words.startIndex
    while end < words.endIndex, words[end].hasPrefix("-"), words[end] != "--" {
      let takesValue = command.options.contains { "--" + $0.name == words[end] && $0.value != nil }
      end = min(end + (takesValue ? 2 : 1), words.endIndex)
    }
    return words[..<end]
  }

  private static func run(_ command: Command, _ words: [String], _ output: Output) async -> Int32 {
    do {
      return try await command.run(Arguments(words, of: command), output)
    } catch {
      let failure = Failure(error)
      if words.contains("--json") {
        // As one line: in a stream of lines it is the last.
        output.json(failure, isLine: true)
      } else {
        output.progress("heights: \(failure.message)")
      }
      return failure.exitCode
    }
  }

  /// The command at the start of `words`, and the words behind it.
  private static func find(_ words: [String]) throws(UsageError) -> (Command, [String]) {
    for command in commands {
      let name = command.name.split(separator: " ").map(String.init)
      if words.starts(with: name) { return (command, Array(words.dropFirst(name.count))) }
    }
    let group = commands.filter { $0.name.hasPrefix(words[0] + " ") }.map(\.name)
    if !group.isEmpty {
      throw UsageError("'\(words[0])' needs another word: \(group.joined(separator: ", "))")
    }
    let known = commands.map(\.name)
    let typed = words.prefix { !$0.hasPrefix("-") }.joined(separator: " ")
    if let near = Nearest.name(to: words[0], among: known) ?? Nearest.name(to: typed, among: known) {
      throw UsageError("unknown command '\(words[0])'; did you mean '\(near)'?")
    }
    throw UsageError("unknown command '\(words[0])'; there are \(known.joined(separator: ", "))")
  }
}

/// What a command threw, as it is told. As JSON: `{"error": "not_running", "message": "…"}`.
struct Failure: Encodable {
  private enum CodingKeys: String, CodingKey {
    case code = "error"
    case message
  }

  /// A short stable name for scripts.
  let code: String
  let message: String
  let exitCode: Int32

  init(_ error: any Error) {
    let coded = error as? any CodedError
    code = coded?.code ?? "failed"
    message = "\(error)"
    exitCode = coded?.isMisuse == true ? 2 : 1
  }
}
