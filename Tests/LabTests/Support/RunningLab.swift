// A lab around a small app, for one test. One at a time: a process has one set of signal handlers.

import Foundation
import Testing

@testable import Lab

final class RunningLab {
  let temporary: TemporaryFolder
  let folder: AppFolder
  let client: ControlClient
  private let thread: LongThread
  private let failure = OneValue<String>()

  /// Starts a lab and waits until it is up; throws what `up` throws.
  init(stage: Int? = nil, in earlier: TemporaryFolder? = nil, run: String = "app.py") throws {
    temporary = try earlier ?? Self.makeApp(run: run)
    folder = try AppFolder(temporary.path)
    client = ControlClient(folder)
    var options = LabOptions(appFolder: temporary.path)
    options.stage = stage
    options.port = 0
    let (isUp, failure, settings) = (OneValue<Bool>(), failure, options)
    thread = LongThread(name: "up") {
      do {
        try Lab.up(settings, report: { _ in }, console: { _ in nil }, isUp: { _ in isUp.set(true) })
      } catch {
        failure.set("\(error)")
      }
      isUp.set(isUp.value ?? false)
    }
    _ = eventually { isUp.value != nil }
    if let text = failure.value { throw UpFailed(message: text) }
  }

  struct UpFailed: Error {
    let message: String
  }

  /// What `up` threw, after its end.
  var upFailure: String? { failure.value }

  /// Stops it as `heights down` does.
  func down() throws {
    _ = try Lab.down(folder) { _ in }
    thread.join()
  }

  deinit {
    _ = try? client.send(.stop)
    thread.join()
  }

  /// The body of GET `path` on the public port; nil when nobody answers within 10 s.
  func get(_ path: String = "/") -> String? {
    guard let port = (try? client.send(.status))?.appURL.split(separator: ":").last.flatMap({ Int($0) })
    else {
      return nil
    }
    let socket = Descriptor(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    guard LoopbackAddress.with(port: port, { connect(socket.number, $0, $1) }) == 0 else { return nil }
    _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
    let exchange = Exchange(socket, limitMs: 10_000, what: "a request")
    var answer: [UInt8] = []
    do {
      try exchange.write(Array("GET \(path) HTTP/1.0\r\n\r\n".utf8))
      while case let bytes = try exchange.readSome(upTo: 4096), !bytes.isEmpty { answer += bytes }
      return try AdminClient.parse(answer).text
    } catch {
      return nil
    }
  }

  private static func makeApp(run: String) throws -> TemporaryFolder {
    let temporary = try TemporaryFolder()
    try temporary.makeFolder("Launch")
    let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
      "../../Fixtures/app.py")
    try temporary.write(try String(contentsOf: source, encoding: .utf8), to: "app.py")
    try temporary.write(
      "{ name: 'hut', title: 'Hut', launch: 'Launch', services: { web: { run: ['python3', '\(run)'] } } }",
      to: "heights.json")
    return temporary
  }
}
