// What is printed where, and with which exit code.

import Foundation
import Load
import Synchronization
import Testing

@testable import HeightsCLI
@testable import Lab

/// Runs a command line in this process and keeps its words.
struct Run {
  let code: Int32
  let result: String
  let progress: String

  init(_ words: String...) async { await self.init(words) }

  init(_ words: [String]) async {
    let (results, others) = (Lines(), Lines())
    code = await Heights.run(words, Output(result: { results.add($0) }, progress: { others.add($0) }))
    (result, progress) = (results.text, others.text)
  }
}

final class Lines: Sendable {
  private let kept = Mutex("")
  var text: String { kept.withLock { $0 } }
  func add(_ text: String) { kept.withLock { $0 += text } }
}

@Suite struct HeightsCLITests {
  @Test func everyCommandHasHelpWithItsOptionsAndAnExample() async {
    for command in Heights.commands {
      let help = await Run(command.name.split(separator: " ").map(String.init) + ["--help"])
      #expect(help.code == 0)
      #expect(help.result.contains("Example: heights \(command.name)"))
      for option in command.options { #expect(help.result.contains("--\(option.name)"), "\(command.name)") }
    }
  }

  @Test func theExampleOfEachCommandIsUnderstood() throws {
    for command in Heights.commands {
      let nameCount = command.name.split(separator: " ").count
      let words = command.example.split(separator: " ").dropFirst(1 + nameCount).map(String.init)
      _ = try Arguments(words, of: command)
    }
  }

  @Test func theOverviewNamesEveryCommand() async {
    let help = await Run("--help")
    #expect(help.code == 0)
    for command in Heights.commands { #expect(help.result.contains("  \(command.name) ")) }
    #expect(await Run("help").result == help.result)
    let nothing = await Run()
    #expect(nothing.code == 2 && nothing.result == help.result)
  }

  @Test func theVersionIsThatOfTheChangelog() async throws {
    let run = await Run("--version")
    #expect(run.code == 0 && run.result == "heights \(Heights.version)\n")
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let changelog = try String(contentsOf: root.appending(path: "CHANGELOG.md"), encoding: .utf8)
    let heading = try #require(changelog.split(separator: "\n").first { $0.hasPrefix("## ") })
    let released = Heights.version.split(separator: "-")[0]
    #expect(heading == "## \(released)" || heading == "## \(released), not released yet")
  }

  @Test(arguments: [
    (["statsu"], "heights: unknown command 'statsu'; did you mean 'status'?\n"),
    (["ledger"], "heights: 'ledger' needs another word: ledger verify\n"),
    (["ledger", "verfy"], "heights: 'ledger' needs another word: ledger verify\n"),
    (["up", "--prot", "1"], "heights: unknown option '--prot' of 'up'; did you mean --port?\n"),
    (["up", "--zzz"], "heights: unknown option '--zzz'; `heights up --help` lists those there are\n"),
    (["up", "--port"], "heights: --port needs a value: N\n"),
    (["up", "--port", "1", "--port=2"], "heights: --port is there twice\n"),
    (["up", "--detach=yes"], "heights: --detach takes no value\n"),
    (["up", "here"], "heights: unexpected 'here': 'up' takes no words besides options\n"),
    (
      ["up", "--port", "70000"],
      "heights: --port is '70000': expected a whole number from 0 to 65535\n"
    ),
    (["up", "--stage", "two"], "heights: --stage is 'two': expected a whole number from 1 to 7\n"),
    (["init"], "heights: 'init' needs NAME\n"),
    (
      ["init", "Big App"],
      "heights: 'Big App' can't be an app's name: use 1 to 40 lower-case letters, digits and dashes\n"
    ),
    (["resize"], "heights: 'resize' needs --type, --disk, or both\n"),
    (["resize", "--disk", "much"], "heights: --disk is 'much': expected a size such as 100GiB\n"),
    (
      ["load", "--duration", "1"],
      "heights: 'load' needs --rate; `heights load --help` shows an example\n"
    ),
    (
      ["load", "--rate", "-1", "--duration", "1"],
      "heights: --rate is '-1': expected a number above 0 and up to 100000\n"
    ),
    (
      ["load", "--rate", "1", "--duration", "1", "--spacing", "odd"],
      "heights: --spacing is 'odd': expected even or poisson\n"
    ),
    (
      ["status", "--app", "/nowhere"],
      "heights: /nowhere is not a folder; name the app's folder with --app DIR\n"
    ),
    (
      ["climb", "--to", "7"],
      "heights: no climb leads from stage 6 to stage 7; climbs lead from each stage to the next, up to 6\n"
    ),
  ])
  func wrongUseIsOneLineAndCodeTwo(words: [String], message: String) async {
    let run = await Run(words)
    #expect(run.code == 2)
    #expect(run.result == "")
    #expect(run.progress == message)
  }

  @Test func withJSONAnErrorIsAnObjectOnStandardOutput() async throws {
    let run = await Run("status", "--json", "--app", NSTemporaryDirectory())
    #expect(run.code == 1)
    let error = try JSONDecoder().decode([String: String].self, from: Data(run.result.utf8))
    #expect(error["error"] == "not_running")
    #expect(error["message"]?.contains("heights up") == true)
    #expect(run.progress == "")
  }

  @Test func aMistakeInTheManifestIsWrongUse() {
    #expect(Failure(ManifestError(problems: ["name: … (heights.json:3)"])).exitCode == 2)
    #expect(Failure(LabError.diskTooSmall(askedBytes: 1, currentBytes: 2)).exitCode == 2)
    #expect(Failure(LabError.timedOut("it")).exitCode == 1)
    #expect(Failure(LoadError.invalidOption(name: "rate", expected: "", found: "")).exitCode == 2)
  }
}

@Suite struct ArgumentsTests {
  private let command = Command(
    name: "try", summary: "", parameters: ["NAME"],
    options: [Option("size", "N", ""), Option("fast", nil, "")], example: ""
  ) { _, _ in 0 }

  @Test func valuesStandBehindASpaceOrAnEqualsSign() throws {
    for words in [["a", "--size", "3", "--fast"], ["--size=3", "--fast", "a"]] {
      let arguments = try Arguments(words, of: command)
      #expect(arguments.parameters == ["a"])
      #expect(try arguments.integer("size", in: 0...9) == 3)
      #expect(arguments.has("fast"))
    }
  }

  @Test func behindTwoDashesEverythingIsAParameter() throws {
    #expect(try Arguments(["--", "--size"], of: command).parameters == ["--size"])
  }
}

@Suite struct ByteSizeTests {
  @Test(arguments: [
    ("100GiB", 100 << 30), ("1.5 TiB", 3 << 39), ("500MB", 500_000_000), ("1048576", 1 << 20), ("7b", 7),
    ("2kib", 2048),
  ])
  func sizesAreReadAsTyped(text: String, bytes: Int) throws {
    #expect(try ByteSize.parse(text, option: "disk") == bytes)
  }

  @Test(arguments: ["", "0", "-1GiB", "GiB", "1 0GiB", "1e9", "inf", "nan", "99999999TiB", "１GiB"])
  func whatIsNoSizeIsRefused(text: String) {
    #expect(throws: UsageError.self) { try ByteSize.parse(text, option: "disk") }
  }
}

@Suite struct OutputTests {
  @Test func colourIsForTerminalsOnly() {
    let plain = Output(result: { _ in }, progress: { _ in })
    #expect(plain.styled("a", .bad) == "a")
    let coloured = Output(result: { _ in }, progress: { _ in }, colours: true)
    #expect(coloured.styled("a", .bad) == "\u{1b}[31ma\u{1b}[0m")
  }

  @Test func updatesAreReplacedOnATerminalAndLinesElsewhere() {
    let live = Lines()
    let terminal = Output(result: { _ in }, progress: { live.add($0) }, isLive: true)
    terminal.update("1")
    terminal.progress("2")
    terminal.progress("done")
    #expect(live.text == "1\r\u{1b}[K2\ndone\n")
    let lines = Lines()
    let file = Output(result: { _ in }, progress: { lines.add($0) })
    file.update("1")
    file.progress("done")
    #expect(lines.text == "1\ndone\n")
  }

  @Test func helpLeavesATableAsItIs() async {
    let lines = await Run("drill", "--help").result.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("  zone-outage     ") && $0.hasSuffix("(from stage 4 on)") })
    #expect(lines.contains { $0.hasPrefix("  disk-full       ") && $0.hasSuffix("(stage 2)") })
  }

  @Test func columnsLineUpWithoutTrailingSpaces() {
    #expect(Table.text(["A", "B"], [["long", "1"], ["x", ""]]) == "A     B\nlong  1\nx")
  }
}

@Suite struct NewAppTests {
  @Test(arguments: [(false, ["web"]), (true, ["web", "notes"])])
  func anAppIsWrittenWholeWithItsNameEverywhere(hasServices: Bool, services: [String]) throws {
    let folder = NSTemporaryDirectory() + "heights-init-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let app = try NewApp(name: "guest-book", hasServices: hasServices, in: folder)
    try app.write()
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["guest-book"])
    let manifest = try Manifest.load(folder: app.folder)
    #expect(manifest.name == "guest-book")
    #expect(manifest.title == "Guest Book")
    #expect(manifest.services.map(\.name) == services)
    for case let path as String in try #require(FileManager.default.enumerator(atPath: app.folder)) {
      guard let text = try? String(contentsOfFile: app.folder + "/" + path, encoding: .utf8) else { continue }
      let rest = text.replacingOccurrences(of: "{{message}}", with: "")
      #expect(!rest.contains("{{"), "\(path) has a gap that was not filled")
    }
    #expect(throws: UsageError.self) { try NewApp(name: "guest-book", in: folder) }
    // Swift tells packages apart by their folders' names.
    let ours = URL(fileURLWithPath: try #require(Installation.home)).lastPathComponent.lowercased()
    if Manifest.isName(ours) { #expect(throws: UsageError.self) { try NewApp(name: ours, in: folder) } }
  }
}
