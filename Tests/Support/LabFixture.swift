// A lab around a small app, for one test.

import Foundation
import Lab

/// Runs an app of Tests/Fixtures in a folder of its own. One at a time, since a process has one set of signal
/// handlers: others wait in `init` until the one before is down, without a thread.
package final class LabFixture: Sendable {
  package let temporary: TemporaryFolder
  package let folder: AppFolder
  package let client: ControlClient
  private let failure = OneValue<String>()
  private let end = DispatchGroup()
  private let turn = Turn()

  /// Starts a lab and waits until it is up; throws what `up` throws.
  package convenience init(
    stage: Int? = nil, in earlier: TemporaryFolder? = nil, run: String = "app.py"
  ) async throws {
    try await self.init(
      stage, earlier ?? Self.makeApp("launch: 'Launch', services: { web: { run: ['python3', '\(run)'] } }"))
  }

  /// The same of an app that listens on a port itself, and has no data.
  package convenience init(ofPortAppAt stage: Int) async throws {
    try await self.init(
      stage, Self.makeApp("services: { web: { run: ['python3', 'port.py'], listens: 'port' } }"))
  }

  private init(_ stage: Int?, _ temporary: TemporaryFolder) async throws {
    self.temporary = temporary
    folder = try AppFolder(temporary.path)
    client = ControlClient(folder)
    var options = LabOptions(appFolder: temporary.path)
    options.stage = stage
    options.port = 0
    await turn.take()
    try start(options)
  }

  package struct UpFailed: Error {
    package let message: String
  }

  /// What `up` threw, after its end.
  package var upFailure: String? { failure.value }

  /// Stops it as `heights down` does.
  package func down() throws {
    _ = try Lab.down(folder) { _ in }
    end.waitInTime(for: "the lab ends")
    turn.give()
  }

  deinit {
    _ = try? client.send(.stop)
    end.waitInTime(for: "the lab ends")
    turn.give()
  }

  /// The app's front door.
  package func publicPort() throws -> PublicPort {
    let url = try client.send(.status).appURL
    return PublicPort(number: url.split(separator: ":").last.flatMap { Int($0) } ?? 0)
  }

  /// The body of GET `path` on the public port; nil when nobody answers within 10 s.
  package func get(_ path: String = "/") -> String? { try? publicPort().get(path)?.body }

  private func start(_ options: LabOptions) throws {
    let (isUp, failure, end) = (OneValue<Bool>(), failure, end)
    end.enter()
    Thread.detachNewThread {
      do {
        try Lab.up(options, report: { _ in }, console: { _ in nil }, isUp: { _ in isUp.set(true) })
      } catch {
        failure.set("\(error)")
      }
      isUp.set(isUp.value ?? false)
      end.leave()
    }
    _ = eventually { isUp.value != nil }
    if let text = failure.value { throw UpFailed(message: text) }
  }

  private static func makeApp(_ manifest: String) throws -> TemporaryFolder {
    let temporary = try TemporaryFolder()
    try temporary.makeFolder("Launch")
    let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../Fixtures")
    for name in ["app.py", "port.py"] {
      let source = fixtures.appendingPathComponent(name)
      try temporary.write(try String(contentsOf: source, encoding: .utf8), to: name)
    }
    try temporary.write("{ name: 'hut', title: 'Hut', \(manifest) }", to: "heights.json")
    return temporary
  }
}
