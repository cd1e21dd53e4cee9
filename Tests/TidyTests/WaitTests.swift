// What tests wait for has an end.

import Testing

extension Habit {
  /// A wait may have none where something else ends it: a comment says what.
  fileprivate static let boundedWaits = Habit(
    name: "bounded waits",
    reason:
      "a test that hangs holds up all others: give the wait a limit (Tests/Support/InTime.swift; `timeout=`), or say in a "
      + "comment, on the line or just above, what ends it",
    applies: { $0.path.hasPrefix("Tests/") && !$0.path.hasPrefix("Tests/TidyTests/") }
  ) { file in
    let mark = file.isSwift ? "//" : "#"
    let unbounded = file.isSwift ? unboundedInSwift : unboundedInPython
    return file.lines.indices.filter { index in
      let above = index > 0 ? file.lines[index - 1] : ""
      let isExplained = above.trimmed.hasPrefix(mark) || file.lines[index].contains(mark + " ")
      return !isExplained && unbounded(file.lines[index...])
    }.map { $0 + 1 }
  }

  /// Whether the first of `lines` begins a wait without a limit.
  private static func unboundedInSwift(_ lines: ArraySlice<String>) -> Bool {
    let line = lines.first ?? ""
    return line.contains(".wait()") && !line.contains("await ") || line.contains("waitUntilExit()")
      || line.contains("readDataToEndOfFile()") || line.contains("while true ")
  }

  private static func unboundedInPython(_ lines: ArraySlice<String>) -> Bool {
    let line = lines.first ?? ""
    if line.contains(".wait()") || line.contains(".communicate()") || line.contains("settimeout(None)")
      || line.contains("while True:")
    {
      return true
    }
    return calls.contains { name in
      guard let start = line.firstRange(of: name + "(") else { return false }
      return !call(String(line[start.upperBound...]), lines.dropFirst()).contains("timeout=")
    }
  }

  private static let calls =
    ["run", "call", "check_call", "check_output"].map { "subprocess." + $0 }
    + ["delete", "get", "head", "patch", "post", "put", "request"].map { "requests." + $0 }

  /// The rest of a call, up to the parenthesis that ends it.
  private static func call(_ first: String, _ others: ArraySlice<String>) -> String {
    var depth = 1
    var text = ""
    for character in ([first] + others.prefix(20)).joined(separator: "\n") {
      if "([{".contains(character) { depth += 1 }
      if ")]}".contains(character) { depth -= 1 }
      if depth == 0 { break }
      text.append(character)
    }
    return text
  }
}

extension String {
  fileprivate var trimmed: Substring { drop { $0 == " " } }
}

@Suite struct WaitTests {
  @Test func whatTestsWaitForHasAnEnd() {
    #expect(Habit.boundedWaits.violations(in: Repository.code) == [], "\(Habit.boundedWaits.reason)")
  }

  @Test(arguments: [
    ("A.swift", "    end.wait()"), ("A.swift", "  process.waitUntilExit()"), ("A.swift", "    while true {"),
    ("A.swift", "  let text = pipe.fileHandleForReading.readDataToEndOfFile()"),
    ("a.py", "    child.wait()"), ("a.py", "said = child.communicate()[0]"), ("a.py", "    while True:"),
    ("a.py", "s.settimeout(None)"), ("a.py", "done = subprocess.run([\"a\", (1)], check=True)"),
    ("a.py", "answer = requests.get(url(1), headers={})"),
    ("a.py", "  subprocess.run([\n    \"a\"],\n    check=True)\nchild.wait(timeout=3)"),
  ])
  func aWaitWithoutAnEndIsNoticed(name: String, text: String) {
    #expect(Habit.boundedWaits.violations(in: [TextFile(path: "Tests/" + name, text: text)]).count == 1)
  }

  @Test(arguments: [
    ("A.swift", "    end.waitInTime(for: \"the end\")"), ("A.swift", "    await gate.wait()"),
    ("A.swift", "    try await onThread { _ = done.wait(timeout: .now() + 1) }"),
    ("A.swift", "    // Until it is killed.\n    process.waitUntilExit()"),
    ("A.swift", "    while true {  // the deadline throws"), ("a.py", "    child.wait(30)"),
    ("a.py", "done = subprocess.run([\"a\", (1)],\n    check=True, timeout=60)"),
    ("a.py", "    # Until the process ends.\n    while True:"),
  ])
  func aWaitWithAnEndIsFine(name: String, text: String) {
    #expect(Habit.boundedWaits.violations(in: [TextFile(path: "Tests/" + name, text: text)]) == [])
  }

  @Test func aTestOfAnyKindIsEndedWhenNothingElseEndsIt() throws {
    let settings = try #require(Repository.read("Tests/Integration/pytest.ini"))
    #expect(settings.lines.contains { $0.hasPrefix("timeout = ") })
    let makefile = try #require(Repository.read("Makefile"))
    let unguarded = makefile.lines.filter {
      $0.contains("swift test") && !$0.contains("scripts/in-time 600 swift test")
    }
    #expect(unguarded == [], "`swift test` has no limit of its own")
  }
}
