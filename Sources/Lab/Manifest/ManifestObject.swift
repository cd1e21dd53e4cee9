// Strict reading of an object: what is missing, wrong, unknown or there twice is noted with its path and line.

/// Everything that was found wrong, told as `path: what (heights.json:line)`.
final class ManifestProblems {
  private var found: [(line: Int, text: String)] = []

  /// In the order of the file.
  var all: [String] {
    found.enumerated().sorted { ($0.1.line, $0.0) < ($1.1.line, $1.0) }.map(\.element.text)
  }

  func add(_ path: String, _ problem: String, line: Int) {
    let place = path.isEmpty ? "" : "\(path): "
    found.append((line, "\(place)\(problem) (\(Manifest.fileName):\(line))"))
  }

  func add(_ path: String, expected: String, found node: JSON5Node) {
    add(path, "expected \(expected), found \(node.summary)", line: node.line)
  }
}

/// An object being read. Ask for each key, then call `rejectUnknownKeys`.
final class ManifestObject {
  private let path: String
  private let line: Int
  private let members: [JSON5Node.Member]
  private let problems: ManifestProblems
  private var asked: [String] = []

  /// Nil, with the problem noted, when the node is not an object.
  init?(_ node: JSON5Node, path: String, _ problems: ManifestProblems) {
    guard case .object(let members) = node.value else {
      problems.add(path, expected: "an object", found: node)
      return nil
    }
    self.path = path
    self.line = node.line
    self.members = members
    self.problems = problems
    noteDuplicates()
  }

  var count: Int { members.count }

  func member(_ key: String) -> JSON5Node.Member? {
    asked.append(key)
    return members.first { $0.key == key }
  }

  func requiredMember(_ key: String, _ expected: String) -> JSON5Node.Member? {
    let member = member(key)
    if member == nil { problems.add(childPath(key), "expected \(expected), found nothing", line: line) }
    return member
  }

  /// The value of a key that must be there; `read` gives nil for a value that is not `expected`.
  func required<T>(_ key: String, _ expected: String, read: (JSON5Node) -> T?) -> T? {
    requiredMember(key, expected).flatMap { value(of: $0, expected, read) }
  }

  func optional<T>(_ key: String, _ expected: String, read: (JSON5Node) -> T?) -> T? {
    member(key).flatMap { value(of: $0, expected, read) }
  }

  /// All members of an object whose keys are names; those that are not valid are noted and left out.
  func entries(_ expected: String, isValid: (String) -> Bool) -> [JSON5Node.Member] {
    members.filter { member in
      if isValid(member.key) { return true }
      problems.add(path, "expected \(expected), found '\(member.key)'", line: member.line)
      return false
    }
  }

  /// Notes every key that was not asked for, with the nearest that was.
  func rejectUnknownKeys() {
    for member in members where !asked.contains(member.key) {
      let hint = Nearest.name(to: member.key, among: asked).map { "did you mean '\($0)'?" }
      let known = "known are \(asked.joined(separator: ", "))"
      problems.add(childPath(member.key), "unknown key; \(hint ?? known)", line: member.line)
    }
  }

  private func value<T>(of member: JSON5Node.Member, _ expected: String, _ read: (JSON5Node) -> T?) -> T? {
    if let value = read(member.node) { return value }
    problems.add(childPath(member.key), expected: expected, found: member.node)
    return nil
  }

  private func noteDuplicates() {
    var seen: [String: Int] = [:]
    for member in members {
      if let first = seen[member.key] {
        problems.add(childPath(member.key), "is there twice, first on line \(first)", line: member.line)
      } else {
        seen[member.key] = member.line
      }
    }
  }

  private func childPath(_ key: String) -> String { path.isEmpty ? key : "\(path)/\(key)" }
}
