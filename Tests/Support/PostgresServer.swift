// Real PostgreSQL servers: one that the tests of a process share, and leaders and followers of a test's own.

import CPostgres
import Foundation
import Synchronization

/// A server with a folder and a port of its own. Ends with the process, however that ends.
public final class PostgresServer: Sendable {
  public struct Failure: Error, CustomStringConvertible {
    public let description: String
  }

  /// Started by the first test that asks.
  public static let shared = Result { try PostgresServer() }

  public let port: Int
  private let folder: String
  private let process: Mutex<Foundation.Process?> = Mutex(nil)

  /// Every server of the process, so that none outlives it.
  private static let all = Mutex<[PostgresServer]>([])

  /// A server of the caller's own, empty.
  public convenience init() throws {
    try self.init { data in
      try Self.run(
        Self.bin + "/initdb",
        ["-D", data, "-U", "heights", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"])
    }
  }

  /// A server that copies what this one has, and follows it.
  public func makeFollower() throws -> PostgresServer {
    try PostgresServer { data in
      try Self.run(
        Self.bin + "/pg_basebackup",
        ["-h", "127.0.0.1", "-p", "\(port)", "-U", "heights", "-D", data, "-R", "-c", "fast", "--no-sync"])
    }
  }

  private init(_ prepare: (_ data: String) throws -> Void) throws {
    folder = NSTemporaryDirectory() + "heights-postgres-\(UUID().uuidString)"
    port = try Self.freePort()
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    if geteuid() == 0 { try Self.run("chown", ["postgres", folder]) }
    try prepare(folder + "/data")
    try start()
    try waitUntilReady()
    let isFirst = Self.all.withLock { all in
      all.append(self)
      return all.count == 1
    }
    if isFirst { atexit { for server in PostgresServer.all.withLock({ $0 }) { server.stop() } } }
  }

  public func url(_ database: String = "postgres") -> String {
    "postgresql://heights@127.0.0.1:\(port)/\(database)"
  }

  /// Runs one statement or more as the superuser; what it answers first is returned.
  @discardableResult
  public func run(_ sql: String, in database: String = "postgres") throws -> String {
    let handle = PQconnectdb(url(database))
    defer { PQfinish(handle) }
    let result = PQexec(handle, sql)
    defer { PQclear(result) }
    guard [PGRES_COMMAND_OK, PGRES_TUPLES_OK].contains(PQresultStatus(result)) else {
      throw Failure(description: PQerrorMessage(handle).map { String(cString: $0) } ?? "no answer")
    }
    return PQntuples(result) > 0 ? String(cString: PQgetvalue(result, 0, 0)) : ""
  }

  /// Stops every process of the server where it stands, and lets them go on.
  public func signal(_ number: Int32) throws {
    guard let pid = process.withLock({ $0?.processIdentifier }) else { return }
    let children = try Self.output("pgrep", ["-P", "\(pid)"]).split(separator: "\n").compactMap { pid_t($0) }
    for child in children + [pid] { kill(child, number) }
  }

  // MARK: Start and stop

  /// From a thread that lives as long as the process: the server gets a signal when that thread ends.
  private func start() throws {
    let server = Foundation.Process()
    let arguments = [
      "-D", folder + "/data", "-p", "\(port)", "-c", "listen_addresses=127.0.0.1", "-c",
      "unix_socket_directories=\(folder)/data", "-c", "max_connections=60", "-c", "shared_buffers=32MB", "-c",
      "fsync=off", "-c", "deadlock_timeout=50ms", "-c", "log_min_messages=panic", "-c",
      "logging_collector=off", "-c", "hot_standby_feedback=on", "-c", "wal_retrieve_retry_interval=100ms",
    ]
    Self.configure(server, Self.bin + "/postgres", arguments, deathSignal: true)
    server.standardOutput = FileHandle.nullDevice
    server.standardError = FileHandle.nullDevice
    let started = DispatchSemaphore(value: 0)
    let failure = Mutex<(any Error)?>(nil)
    process.withLock { $0 = server }
    Foundation.Thread.detachNewThread {
      self.process.withLock { process in
        do { try process?.run() } catch { failure.withLock { $0 = error } }
      }
      started.signal()
      // Until the process ends, and this thread with it.
      while true { sleep(3_600) }
    }
    started.waitInTime(for: "PostgreSQL has begun")
    if let failure = failure.withLock({ $0 }) { throw failure }
  }

  private func waitUntilReady() throws {
    let deadline = ContinuousClock.now + .seconds(30)
    while PQping(url()) != PQPING_OK {
      if ContinuousClock.now > deadline { throw Failure(description: "the test's PostgreSQL did not start") }
      usleep(20_000)
    }
  }

  /// Ends it at once, as a crash would, and removes what it had.
  public func stop() {
    end()
    try? FileManager.default.removeItem(atPath: folder)
  }

  /// Crashes it and starts it anew as one that follows nobody: as a leader is made to stop which has lost sight of all others.
  public func restartWithoutLeader() throws {
    end()
    _ = FileManager.default.createFile(atPath: folder + "/data/standby.signal", contents: nil)
    if geteuid() == 0 { try Self.run("chown", ["postgres", folder + "/data/standby.signal"]) }
    try start()
    try waitUntilReady()
  }

  private func end() {
    process.withLock { process in
      guard let process, process.isRunning else { return }
      kill(process.processIdentifier, SIGQUIT)
      kill(process.processIdentifier, SIGCONT)
      // One whose servers a test has left standing still may wait for them.
      let end = ContinuousClock.now + .seconds(10)
      while process.isRunning, ContinuousClock.now < end { usleep(20_000) }
      kill(process.processIdentifier, SIGKILL)
      process.waitInTime()
    }
  }

  // MARK: Programs

  private static let bin: String = {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap(Int.init)
    return "\(root)/\(versions.max() ?? 15)/bin"
  }()

  /// PostgreSQL refuses to run as root.
  private static func configure(
    _ process: Foundation.Process, _ program: String, _ arguments: [String], deathSignal: Bool = false
  ) {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let user =
      geteuid() == 0 && program.hasPrefix("/")
      ? ["--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
    let signal = deathSignal ? ["--pdeathsig=QUIT"] : []
    let wrapper = user.isEmpty && signal.isEmpty ? [] : ["setpriv"] + user + signal
    process.arguments = wrapper + [program] + arguments
    process.currentDirectoryURL = URL(fileURLWithPath: "/")
  }

  private static func run(_ program: String, _ arguments: [String]) throws {
    _ = try output(program, arguments)
  }

  private static func output(_ program: String, _ arguments: [String]) throws -> String {
    let process = Foundation.Process()
    configure(process, program, arguments)
    let text = try process.outputInTime()
    guard process.terminationStatus == 0 else { throw Failure(description: "\(program): \(text)") }
    return text
  }

  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard bound else { throw Failure(description: "no free port") }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
