// A console beside a lab that has started nothing, and a client that sends what it is told.

import Foundation

@testable import Console
@testable import Lab

final class ConsoleUnderTest {
  let lab: Lab
  private let folder: String
  private let console: RunningConsole

  init() throws {
    folder =
      FileManager.default.temporaryDirectory.appendingPathComponent("heights-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(
      atPath: folder + "/Launch", withIntermediateDirectories: true)
    try Data(
      """
      { name: 'hut', title: 'Hut', launch: 'Launch', databases: { posts: {} },
        services: { web: { run: ['true'], databases: ['posts'] } } }
      """.utf8
    ).write(to: URL(fileURLWithPath: folder + "/heights.json"))
    let appFolder = try AppFolder(folder)
    try appFolder.create()
    lab = try Lab(
      folder: appFolder, manifest: Manifest.load(folder: folder), state: LabState(), port: 0, report: { _ in }
    )
    console = try ConsoleServer.start(lab, port: 0, tools: ConsoleTools(program: "/bin/false", drills: [], climb: { nil }))
  }

  deinit {
    console.stop()
    try? FileManager.default.removeItem(atPath: folder)
  }

  struct Answer {
    let status: Int
    /// Status line and headers.
    let head: String
    let body: String
  }

  /// GET `path`, read to the end or until `isEnough` of what has come so far; nil when that takes more than 20 s.
  func get(
    _ path: String, host: String = "127.0.0.1", until isEnough: (String) -> Bool = { _ in false }
  ) -> Answer? {
    guard let port = URL(string: console.url)?.port else { return nil }
    let socket = Descriptor(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    guard LoopbackAddress.with(port: port, { connect(socket.number, $0, $1) }) == 0 else { return nil }
    _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
    let exchange = Exchange(socket, limitMs: 20_000, what: "a request")
    var bytes: [UInt8] = []
    do {
      try exchange.write(
        Array("GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n".utf8))
      while case let some = try exchange.readSome(upTo: 65_536), !some.isEmpty {
        bytes += some
        if isEnough(String(decoding: bytes, as: UTF8.self)) { break }
      }
    } catch {
      return nil
    }
    return parse(String(decoding: bytes, as: UTF8.self))
  }

  private func parse(_ text: String) -> Answer? {
    guard let end = text.range(of: "\r\n\r\n"), let status = Int(text.dropFirst(9).prefix(3)) else {
      return nil
    }
    return Answer(
      status: status, head: String(text[..<end.lowerBound]), body: String(text[end.upperBound...]))
  }
}
