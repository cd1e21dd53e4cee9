// A program that is run to its end: what it said, and a limit to its time.

import Foundation

/// How a command ended.
public struct CommandResult: Equatable, Sendable {
  /// 0 when it went well; the number of the signal when one ended it.
  public let code: Int32
  /// All that went to its standard output.
  public let output: Data
  /// All that went to its standard error, as UTF-8; what is none is replaced by U+FFFD.
  public let errors: String

  init(code: Int32, output: Data, errors: String) {
    self.code = code
    self.output = output
    self.errors = errors
  }
}

/// Runs one program again and again.
public struct CommandLineTool: Sendable {
  /// Absolute.
  let executable: String
  /// What is set besides this process's own environment.
  let environment: [String: String]

  /// The program of that name in PATH, or nil.
  public init?(named name: String, environment: [String: String] = [:], path: String? = nil) {
    let path = path ?? ProcessInfo.processInfo.environment["PATH"] ?? ""
    let folders = path.split(separator: ":").map(String.init)
    let candidates = folders.map { ($0.hasPrefix("/") ? $0 : "./" + $0) + "/" + name }
    guard let found = candidates.first(where: FileManager.default.isExecutableFile) else { return nil }
    executable = found
    self.environment = environment
  }

  /// Runs it to its end; nil when it had to be ended after `limitS`.
  ///
  /// What it says goes through files: two pipes would have to be read at the same time, or it could block on one.
  public func run(_ arguments: [String], limitS: Double) throws -> CommandResult? {
    let folder = try PrivateFolder()
    let (output, errors) = (try folder.make("output"), try folder.make("errors"))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { _, ours in ours }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    try process.run()
    guard ended.wait(timeout: .now() + limitS) == .success else {
      kill(process.processIdentifier, SIGKILL)
      ended.wait()
      return nil
    }
    return CommandResult(
      code: process.terminationStatus, output: folder.read("output"),
      errors: String(decoding: folder.read("errors"), as: UTF8.self))
  }
}

/// A folder that nobody else can read, gone with the value.
final class PrivateFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/heights-deploy-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ data: Data, to name: String) throws -> String {
    try data.write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }

  func make(_ name: String) throws -> FileHandle {
    try FileHandle(forWritingTo: URL(fileURLWithPath: write(Data(), to: name)))
  }

  func read(_ name: String) -> Data { FileManager.default.contents(atPath: path + "/" + name) ?? Data() }
}
