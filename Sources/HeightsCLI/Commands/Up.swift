// heights up: run an app.

import Console
import Foundation
import Lab

extension Command {
  static let up = Command(
    name: "up", summary: "Build and run an app, with a console that shows what happens, until Ctrl-C.",
    discussion:
      "The first start is at stage 2 unless --stage says otherwise; later the app comes back at the stage that "
      + "it is at. Everything that it stores lies in .heights/ in its folder.",
    options: [
      Option("stage", "N", "the stage of an app's first start, from 1 (launch page) to 5 (stateless)"),
      .app,
      Option("port", "N", "the app's port on 127.0.0.1; 8080 when not said, 0 for a free one"),
      Option("console-port", "N", "the console's port on 127.0.0.1; 9090 when not said, 0 for a free one"),
      Option("detach", nil, "return as soon as the app answers; `heights down` stops it"),
      .json,
    ],
    example: "heights up --stage 1 --port 8080"
  ) { arguments, output in
    let up = try Up(arguments, output)
    if arguments.has("detach") { return try await up.detached() }
    return try await up.inForeground()
  }
}

private struct Up: Sendable {
  private let options: LabOptions
  private let consolePort: UInt16
  private let folder: AppFolder
  private let output: Output
  private let wantsJSON: Bool
  private let namedApp: String?

  init(_ arguments: Arguments, _ output: Output) throws {
    self.output = output
    wantsJSON = arguments.has("json")
    namedApp = arguments.text("app")
    let stage = try arguments.integer("stage", in: 1...7)
    let port = try arguments.integer("port", in: 0...65_535)
    consolePort = UInt16(try arguments.integer("console-port", in: 0...65_535) ?? 9090)
    if let port, port != 0, port == Int(consolePort) {
      throw UsageError("--port and --console-port are both \(port): the app and its console need a port each")
    }
    folder = try arguments.appFolder()
    var options = LabOptions(appFolder: folder.path)
    options.stage = stage
    options.port = port ?? options.port
    // Before it left the machine's network.
    options.builds = !Passage.isTaken
    options.pythonFolder = Installation.home.map { $0 + "/.venv-lab" }
    self.options = options
  }

  func inForeground() async throws -> Int32 {
    let (options, output, consolePort) = (options, output, consolePort)
    try await onThread { [self] in
      // Installing and building reach outside.
      try Engines.prepare(options)
      try goIntoOwnNetwork()
    }
    let waiting = OneShot()
    async let ticking: Void = output.whileWorking { await waiting.wait() }
    defer { waiting.fire() }
    try await onThread {
      defer { waiting.fire() }
      try Lab.up(
        options, report: { output.progress($0) },
        console: { try ConsoleServer.start($0, port: consolePort, tools: .of($0.folder)) },
        isUp: { snapshot in
          waiting.fire()
          tell(snapshot, howToStop: "Ctrl-C stops it.")
        })
    }
    await ticking
    return 0
  }

  /// Returns where the app wants none, or it is gone to already: as a rule this program begins anew there.
  private func goIntoOwnNetwork() throws {
    guard try Manifest.load(folder: folder.path).hasOwnNetwork, !Passage.isTaken else { return }
    if let reason = Passage.reason {
      throw UsageError("heights.json asks for a network of the lab's own, and there can be none: \(reason)")
    }
    // One that runs already is told of by the start itself.
    if Lab.isRunning(in: folder) { return }
    try Lab.build(folder) { output.progress($0) }
    try Passage.leave()
  }

  /// Runs the same command in the background, in a session of its own, and waits until the app answers.
  func detached() async throws -> Int32 {
    let background = try await onThread { [self] in
      // Checked here too, so that what is wrong is told before anything is started.
      try Engines.prepare(options)
      return try Background(
        ["up", "--app", folder.path, "--port", String(options.port), "--console-port", String(consolePort)]
          + (options.stage.map { ["--stage", String($0)] } ?? []),
        folder: folder)
    }
    let snapshot = try await output.whileWorking {
      try await onThread { try background.waitUntilUp { output.progress($0) } }
    }
    tell(snapshot, howToStop: "`\(Installation.command) down\(place)` stops it.")
    return 0
  }

  /// What `down` needs to be told when the app was named.
  private var place: String { namedApp.map { " --app \($0)" } ?? "" }

  private func tell(_ lab: LabSnapshot, howToStop: String) {
    if wantsJSON { return output.json(lab) }
    var lines = [("app", lab.appURL)]
    if let console = lab.consoleURL { lines.append(("console", console)) }
    if let port = lab.dns.port { lines.append(("dns", "dig @\(lab.dns.server) -p \(port) \(lab.dns.name)")) }
    let title = output.styled("\(lab.title) is up at stage \(lab.stage.number), \(lab.stage.name).", .bold)
    output.result("\n\(title)\n\n\(Table.pairs(lines))\n\n\(howToStop)")
  }
}

/// Lets one task wait for something that happens once.
private final class OneShot: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream() }

  func fire() { continuation.finish() }
  func wait() async { for await _ in stream {} }
}
