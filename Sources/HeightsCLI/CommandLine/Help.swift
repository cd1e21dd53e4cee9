// What `--help` prints.

/// The help of the whole and of each command.
enum Help {
  private static let width = 100

  static func overview(_ commands: [Command]) -> String {
    let names = commands.map(\.name)
    let column = (names.map(\.count).max() ?? 0) + 2
    let list = commands.map { entry($0.name, $0.summary, column) }.joined(separator: "\n")
    return """
      Heights grows one app from a launch page to ten million users. Every stage runs for real on this machine.

      Usage: heights COMMAND [OPTIONS]

      \(list)

      `heights COMMAND --help` tells more about each, `heights --version` which Heights this is. Exit codes: 0 done,
      1 the answer is no, 2 wrong use.

      Example: heights up
      """
  }

  static func of(_ command: Command) -> String {
    let options = command.options + [.help]
    let column = (options.map(\.spelling.count).max() ?? 0) + 2
    let list = options.map { entry($0.spelling, $0.help, column) }.joined(separator: "\n")
    let named = command.parameters
    let parameters = command.further.map { ["[OPTIONS]"] + named + ["[\($0)]"] } ?? named + ["[OPTIONS]"]
    let words = (["heights", command.name] + parameters).joined(separator: " ")
    let discussion = command.discussion.isEmpty ? "" : "\n\n" + wrap(command.discussion, indent: 0)
    return """
      \(wrap(command.summary, indent: 0))\(discussion)

      Usage: \(words)

      \(list)

      Example: \(command.example)
      """
  }

  private static func entry(_ name: String, _ text: String, _ column: Int) -> String {
    let indent = column + 2
    let head = "  " + name + String(repeating: " ", count: column - name.count)
    return head + wrap(text, indent: indent)
  }

  /// Lines of at most `width` characters; all but the first are indented. Lines that begin with spaces are a table, and stay
  /// as they are.
  static func wrap(_ text: String, indent: Int) -> String {
    let paragraphs = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    return paragraphs.map { $0.hasPrefix(" ") ? $0 : wrapped($0, indent) }.joined(separator: "\n")
  }

  private static func wrapped(_ text: String, _ indent: Int) -> String {
    var lines = [""]
    for word in text.split(separator: " ") {
      let last = lines[lines.count - 1]
      if last.isEmpty {
        lines[lines.count - 1] = String(word)
      } else if indent + last.count + 1 + word.count > width {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] = last + " " + word
      }
    }
    return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }
}
