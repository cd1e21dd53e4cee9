// A console beside a lab that has started nothing, and a client that sends what it is told.

import Foundation
import Topology

@testable import Console
@testable import Lab

final class ConsoleUnderTest {
  let lab: Lab
  private let folder: String
  let program: String
  private let console: RunningConsole

  /// - Parameters:
  ///   - script: what runs, as `sh` reads it, in the place of `heights`; its words are `$@`.
  ///   - stage: where the app is.
  init(script: String = "exit 1", stage: Stage = .singleServer) throws {
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
    program = folder + "/heights.sh"
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: program))
    chmod(program, 0o700)
    let appFolder = try AppFolder(folder)
    try appFolder.create()
    var state = LabState()
    state.level = Level(stage)
    lab = try Lab(
      folder: appFolder, manifest: Manifest.load(folder: folder), state: state, port: 0, report: { _ in })
    console = try ConsoleServer.start(
      lab, port: 0, tools: ConsoleTools(program: program, drills: Self.drills, climb: { nil }))
  }

  private static let drills = [
    ConsoleDrill(kind: "instance-crash", summary: "a server is killed", firstStage: 2, target: .host),
    ConsoleDrill(kind: "zone-outage", summary: "a zone loses its power", firstStage: 4, target: .zone),
  ]

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

  /// What lets a page act.
  var token: String { URL(string: console.url)?.fragment.map { String($0.dropFirst("token=".count)) } ?? "" }

  /// What the page does when a button is pressed.
  func act(_ name: String, _ body: String = "{}", headers: [String: String] = [:]) -> Answer? {
    let usual = ["Authorization": "Bearer \(token)", "Content-Type": "application/json"]
    return send("POST", "/actions/\(name)", headers: usual.merging(headers) { $1 }, body: body)
  }

  /// GET `path`, read to the end or until `isEnough` of what has come so far; nil when that takes more than 20 s.
  func get(
    _ path: String, host: String = "127.0.0.1", headers: [String: String] = [:],
    until isEnough: (String) -> Bool = { _ in false }
  ) -> Answer? {
    send("GET", path, headers: headers.merging(["Host": host]) { $1 }, until: isEnough)
  }

  func send(
    _ method: String, _ path: String, headers: [String: String], body: String = "",
    until isEnough: (String) -> Bool = { _ in false }
  ) -> Answer? {
    guard let port = URL(string: console.url)?.port else { return nil }
    let socket = Descriptor(Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
    guard LoopbackAddress.with(port: port, { connect(socket.number, $0, $1) }) == 0 else { return nil }
    _ = fcntl(socket.number, F_SETFL, O_NONBLOCK)
    let exchange = Exchange(socket, limitMs: 20_000, what: "a request")
    let usual = ["Host": "127.0.0.1", "Connection": "close", "Content-Length": String(body.utf8.count)]
    let lines = usual.merging(headers) { $1 }.map { "\($0.key): \($0.value)\r\n" }.joined()
    var bytes: [UInt8] = []
    do {
      try exchange.write(Array("\(method) \(path) HTTP/1.1\r\n\(lines)\r\n\(body)".utf8))
      while case let some = try exchange.readSome(upTo: 65_536), !some.isEmpty {
        bytes += some
        if isEnough(String(decoding: bytes, as: UTF8.self)) { break }
      }
    } catch {
      // A request that is too large is answered while it is still being sent.
      if bytes.isEmpty { return nil }
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
