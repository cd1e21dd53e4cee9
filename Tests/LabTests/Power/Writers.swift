// A host of a test's own: a folder, its power, and processes that write to it as they are told.

import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Lab

/// Processes with the library, and what a cut of their power leaves.
final class PowerHost {
  let temporary: TemporaryFolder
  let power: HostPower
  private let library: String
  private var writers: [Writer] = []

  var data: String { temporary.path + "/data" }
  private var powerFolder: String { temporary.path + "/power" }

  init() throws {
    temporary = try TemporaryFolder()
    try temporary.makeFolder("data")
    library = try PowerHost.library()
    try HostPower.make(in: temporary.path + "/power", owner: nil)
    power = try HostPower(folder: temporary.path + "/power")
  }

  /// Made by the script that `heights` calls.
  private static func library() throws -> String {
    let root = #filePath.components(separatedBy: "/Tests/")[0]
    let script = try Foundation.Process.run(
      URL(fileURLWithPath: root + "/scripts/power-library"), arguments: [])
    script.waitInTime()
    #expect(script.terminationStatus == 0)
    return root + "/.build/power/" + PowerLibrary.name
  }

  /// Starts a process in the folder of data.
  func writer(hasLibrary: Bool = true) throws -> Writer {
    let variables = PowerLibrary.variables(library: library, hostFolder: powerFolder, others: nil)
    let writer = try Writer(in: data, variables: hasLibrary ? variables : [:])
    writers.append(writer)
    return writer
  }

  /// Kills every process and takes back what was not flushed.
  func cut() throws -> Unflushed {
    for writer in writers { writer.kill() }
    writers = []
    return try power.takeBack(in: [data])
  }

  func read(_ name: String) -> [UInt8] {
    Array(FileManager.default.contents(atPath: data + "/" + name) ?? Data())
  }

  func forgetLog() { unlink(powerFolder + "/undo") }

  deinit { for writer in writers { writer.kill() } }
}

/// A process that does what it is told (Tests/Fixtures/writer.py). It ends with the test's process, which it reads from.
final class Writer {
  private let process = Foundation.Process()
  private let orders = Pipe()
  private let answers = Pipe()
  private var pending: [UInt8] = []

  init(in folder: String, variables: [String: String]) throws {
    let root = #filePath.components(separatedBy: "/Tests/")[0]
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", root + "/Tests/Fixtures/writer.py"]
    process.environment = ProcessInfo.processInfo.environment.merging(variables) { $1 }
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = orders
    process.standardOutput = answers
    try process.run()
  }

  /// Tells it what to do, and waits until it is done.
  @discardableResult
  func tell(_ words: Any...) throws -> Int {
    try order(words)
    return try answer()
  }

  func order(_ words: [Any]) throws {
    try orders.fileHandleForWriting.write(contentsOf: JSONSerialization.data(withJSONObject: words) + [10])
  }

  /// The next line that it says, a number.
  func answer() throws -> Int {
    // Until it says a line, for 20 s at a time.
    while true {
      if let end = pending.firstIndex(of: 10) {
        let line = String(decoding: pending[..<end], as: UTF8.self)
        pending.removeSubrange(...end)
        return try #require(Int(line), "\(line)")
      }
      var entry = pollfd(fd: answers.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      try #require(poll(&entry, 1, 20_000) == 1, "the writer hangs")
      let more = answers.fileHandleForReading.availableData
      try #require(!more.isEmpty, "the writer has ended")
      pending += more
    }
  }

  /// All that it has said and nobody has heard, once it is dead.
  func lastWords() -> [Int] {
    // Nobody has the other end any more.
    pending += answers.fileHandleForReading.readDataToEndOfFile()
    return String(decoding: pending, as: UTF8.self).split(separator: "\n").compactMap { Int($0) }
  }

  func kill() {
    if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
    process.waitInTime()
  }

  /// What it writes for a seed.
  static func data(_ seed: Int, _ length: Int) -> [UInt8] {
    (0..<length).map { UInt8((seed * 31 + $0 * 7 + $0 / 251) % 256) }
  }
}
