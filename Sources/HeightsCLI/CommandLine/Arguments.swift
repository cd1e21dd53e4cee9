// The words behind a command, taken apart and checked.

import Lab

/// What a command was called with.
struct Arguments: Sendable {
  private let command: String
  private var values: [String: String] = [:]
  private var flags: Set<String> = []
  /// The words without dashes, one for each of the command's parameters; fewer where those in brackets are left out.
  private(set) var parameters: [String] = []
  /// What stands behind those, of a command that hands it on.
  private(set) var further: [String] = []

  /// Takes `words` apart. `--name VALUE` and `--name=VALUE` are the same; behind `--` everything is a parameter.
  /// - Throws: `UsageError` for an unknown option, one that is there twice or lacks its value, a word too many or too few.
  init(_ words: [String], of command: Command) throws(UsageError) {
    self.command = command.name
    var rest = words[...]
    var takesOptions = true
    while let word = rest.popFirst() {
      if command.further != nil, parameters.count == command.parameters.count {
        further = [word] + rest
        break
      }
      if takesOptions, word == "--" {
        takesOptions = false
      } else if takesOptions, word.hasPrefix("-"), word != "-" {
        try takeOption(word, &rest, command)
      } else {
        try takeParameter(word, command)
      }
    }
    if parameters.count < command.parameters.count, !command.parameters[parameters.count].hasPrefix("[") {
      throw UsageError("'\(command.name)' needs \(command.parameters[parameters.count])")
    }
  }

  private mutating func takeParameter(_ word: String, _ command: Command) throws(UsageError) {
    if parameters.count == command.parameters.count {
      let expected = command.parameters.isEmpty ? "no words" : command.parameters.joined(separator: " ")
      throw UsageError("unexpected '\(word)': '\(command.name)' takes \(expected) besides options")
    }
    parameters.append(word)
  }

  private mutating func takeOption(
    _ word: String, _ rest: inout ArraySlice<String>, _ command: Command
  ) throws(UsageError) {
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard let option = command.options.first(where: { $0.isSpelled(parts[0]) }) else {
      throw Self.unknown(String(parts[0]), command)
    }
    guard values[option.name] == nil, !flags.contains(option.name) else {
      throw UsageError("--\(option.name) is there twice")
    }
    guard let value = option.value else {
      if parts.count == 2 { throw UsageError("--\(option.name) takes no value") }
      flags.insert(option.name)
      return
    }
    guard let text = parts.count == 2 ? String(parts[1]) : rest.popFirst(), !text.isEmpty else {
      throw UsageError("--\(option.name) needs a value: \(value)")
    }
    values[option.name] = text
  }

  private static func unknown(_ word: String, _ command: Command) -> UsageError {
    let known = command.options.map { "--\($0.name)" }
    if let near = Nearest.name(to: word, among: known) {
      return UsageError("unknown option '\(word)' of '\(command.name)'; did you mean \(near)?")
    }
    return UsageError("unknown option '\(word)'; `heights \(command.name) --help` lists those there are")
  }
}

// What a command asks for.
extension Arguments {
  func has(_ flag: String) -> Bool { flags.contains(flag) }

  func text(_ name: String) -> String? { values[name] }

  /// - Throws: `UsageError` when the value isn't a whole number in `range`.
  func integer(_ name: String, in range: ClosedRange<Int>) throws(UsageError) -> Int? {
    guard let text = values[name] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      let expected = "a whole number from \(range.lowerBound) to \(range.upperBound)"
      throw UsageError("--\(name) is '\(text)': expected \(expected)")
    }
    return value
  }

  /// - Throws: `UsageError` when the value isn't a number above 0 up to `limit`.
  func positive(_ name: String, upTo limit: Double) throws(UsageError) -> Double? {
    guard let text = values[name] else { return nil }
    guard let value = Double(text), value > 0, value <= limit else {
      throw UsageError("--\(name) is '\(text)': expected a number above 0 and up to \(Int(limit))")
    }
    return value
  }

  /// - Throws: `UsageError` when the option is missing, and what `positive` throws.
  func requiredPositive(_ name: String, upTo limit: Double) throws(UsageError) -> Double {
    guard let value = try positive(name, upTo: limit) else {
      throw UsageError("'\(command)' needs --\(name); `heights \(command) --help` shows an example")
    }
    return value
  }

  /// - Throws: `UsageError` when the value isn't the name of a case.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ type: Choice.Type
  ) throws(UsageError) -> Choice? {
    guard let text = values[name] else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: " or ")
      throw UsageError("--\(name) is '\(text)': expected \(names)")
    }
    return choice
  }
}
