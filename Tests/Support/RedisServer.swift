// Real Redis servers and sentinels for one test.

import Foundation
import Synchronization

/// A server with a folder and a port of its own. Ends with its owner, and with the process, however that ends.
package final class RedisServer: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let port: Int
  private let folder: TemporaryFolder
  private let password: String?
  private let isTLS: Bool
  private let sentinelOf: (port: Int, name: String)?
  private let leaderPort: Int?
  private let pid = Mutex<pid_t>(0)

  /// - Parameters:
  ///   - leaderPort: the server that it follows, if it doesn't lead.
  ///   - name: of its certificate (`IP:…` or `DNS:…`), if it speaks TLS, and nothing else.
  package convenience init(password: String? = nil, leaderPort: Int? = nil, certifiedAs name: String? = nil)
    throws
  {
    try self.init(password: password, leaderPort: leaderPort, sentinelOf: nil, certifiedAs: name)
  }

  /// A sentinel that watches the server at `port` by the name of `name`. Two of them decide.
  package convenience init(sentinelOf port: Int, name: String, password: String?) throws {
    try self.init(password: password, leaderPort: nil, sentinelOf: (port, name), certifiedAs: nil)
  }

  private init(
    password: String?, leaderPort: Int?, sentinelOf: (Int, String)?, certifiedAs name: String?
  ) throws {
    folder = try TemporaryFolder()
    port = try PublicPort.free()
    (self.password, self.leaderPort, self.sentinelOf) = (password, leaderPort, sentinelOf)
    isTLS = name != nil
    if let name { _ = try ServerCertificate.make(name, in: folder.path) }
    try folder.write(configuration, to: "redis.conf")
    try start()
  }

  deinit { kill() }

  package var address: String { "127.0.0.1:\(port)" }
  package var url: String { "redis://\(password.map { ":\($0)@" } ?? "")\(address)/0" }

  private var configuration: String {
    var lines = ["\(isTLS ? "port 0\ntls-port" : "port") \(port)", "bind 127.0.0.1", "dir \(folder.path)"]
    if let (port, name) = sentinelOf {
      lines += [
        "protected-mode no", "sentinel monitor \(name) 127.0.0.1 \(port) 2",
        "sentinel down-after-milliseconds \(name) 1000", "sentinel failover-timeout \(name) 3000",
      ]
      if let password { lines.append("sentinel auth-pass \(name) \(password)") }
    } else {
      lines += ["save \"\"", "appendonly no", "repl-diskless-sync-delay 0", "repl-ping-replica-period 1"]
      if let password { lines += ["requirepass \(password)", "masterauth \(password)"] }
      if isTLS {
        lines += ["tls-cert-file \(certificate)", "tls-key-file \(key)", "tls-auth-clients no"]
      }
      if let leaderPort { lines.append("replicaof 127.0.0.1 \(leaderPort)") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The file of its certificate, which it has signed itself.
  package var certificate: String { folder.path + "/server.crt" }
  private var key: String { folder.path + "/server.key" }

  // MARK: Starting, ending, hanging

  /// Starts it at its port, empty but for what it gets from its leader.
  package func start() throws {
    let words = ["redis-server", folder.path + "/redis.conf"] + (sentinelOf == nil ? [] : ["--sentinel"])
    let pid = try ServerProcess.start(words)
    self.pid.withLock { $0 = pid }
    let isUp = eventually { (try? run("PING"))?.hasPrefix("PONG") == true }
    guard isUp else { throw Failure(description: "redis-server did not start on port \(port)") }
  }

  /// Ends it at once, as a power cut does. What it held is lost.
  package func kill() { signal(SIGKILL) }

  /// Stops it where it stands (SIGSTOP), and lets it go on (SIGCONT).
  package func signal(_ number: Int32) {
    let pid = pid.withLock { $0 }
    if pid > 0 { _ = Glibc.kill(pid, number) }
  }

  // MARK: Asking

  /// What redis-cli prints for a command.
  @discardableResult
  package func run(_ words: String...) throws -> String {
    let tls = isTLS ? ["--tls", "--insecure"] : []
    let password = sentinelOf == nil ? password.map { ["REDISCLI_AUTH": $0] } : nil
    return try output(
      of: ["redis-cli", "-h", "127.0.0.1", "-p", "\(port)"] + tls + words, environment: password ?? [:])
  }

  private func output(of words: [String], environment: [String: String] = [:]) throws -> String {
    let process = Foundation.Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let text = try process.outputInTime(errors: false)
    guard process.terminationStatus == 0 else { throw Failure(description: "\(words[0]): \(text)") }
    return text.trimmingCharacters(in: .newlines)
  }

  /// A number of INFO, such as `total_commands_processed`.
  package func info(_ name: String) throws -> Int {
    for line in try run("INFO").split(whereSeparator: \.isNewline) where line.hasPrefix(name + ":") {
      return Int(line.dropFirst(name.count + 1)) ?? -1
    }
    return -1
  }
}

/// A leader, a follower, and three sentinels that decide which is which.
package final class RedisPair: Sendable {
  package static let name = "cache"
  package let servers: [RedisServer]
  package let sentinels: [RedisServer]

  package init(password: String? = nil) throws {
    let leader = try RedisServer(password: password)
    servers = [leader, try RedisServer(password: password, leaderPort: leader.port)]
    sentinels = try (0..<3).map { _ in
      try RedisServer(sentinelOf: leader.port, name: RedisPair.name, password: password)
    }
    let follows = eventually {
      (try? servers[1].run("INFO", "replication"))?.contains("link_status:up") == true
    }
    let agree = eventually {
      sentinels.allSatisfy {
        (try? $0.run("SENTINEL", "CKQUORUM", RedisPair.name))?.hasPrefix("OK 3") == true
          && (try? $0.run("SENTINEL", "REPLICAS", RedisPair.name))?.contains("\(servers[1].port)") == true
      }
    }
    guard follows, agree else {
      throw RedisServer.Failure(description: "the sentinels did not find each other")
    }
  }

  /// The server that the sentinels name.
  package func leader() throws -> RedisServer? {
    let answer = try sentinels[0].run("SENTINEL", "GET-MASTER-ADDR-BY-NAME", RedisPair.name)
    return servers.first { answer.contains("\($0.port)") }
  }
}
