// A real server that speaks DynamoDB for tests: MiniStack, as the lab has it.

import Foundation
import Synchronization

/// A server with a port of its own; its tables are in memory. Ends with its owner, and with the process.
package final class DynamoServer: Sendable {
  package let port: Int
  private let folder: TemporaryFolder
  private let pid = Mutex<pid_t>(0)

  package init() throws {
    folder = try TemporaryFolder()
    port = try PublicPort.free()
    try start()
  }

  deinit { signal(SIGKILL) }

  /// - Parameter table: three characters or more.
  package func variables(_ table: String) -> [String: String] {
    [
      "HEIGHTS_SESSIONS_TABLE": table, "AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:\(port)",
      "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    ]
  }

  private func start() throws {
    let started = try ServerProcess.start(
      [Self.root + "/.venv-lab/bin/python", "-m", "ministack"],
      environment: [
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "\(port)", "SERVICES": "dynamodb",
        "STATE_DIR": folder.path + "/state", "TMPDIR": folder.path, "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nowhere.sock",
      ])
    pid.withLock { $0 = started }
    guard eventually({ PublicPort(number: port).get("/_ministack/health") != nil }) else {
      throw RedisServer.Failure(description: "MiniStack did not start on port \(port)")
    }
  }

  /// Where the repository is.
  package static var root: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path
  }

  package func signal(_ number: Int32) {
    let pid = pid.withLock { $0 }
    if pid > 0 { _ = Glibc.kill(pid, number) }
  }
}
