// A real S3 server for one test: MiniStack, as the lab has it.

import Foundation
import Synchronization

/// A server with a folder, a port and one bucket of its own. Ends with its owner, and with the process.
package final class S3Server: Sendable {
  package static let bucket = "test-objects"
  package let port: Int
  private let folder: TemporaryFolder
  private let pid = Mutex<pid_t>(0)

  package init() throws {
    folder = try TemporaryFolder()
    port = try PublicPort.free()
    try start()
    guard PublicPort(number: port).put("/\(Self.bucket)")?.status == 200 else {
      throw RedisServer.Failure(description: "the bucket was not made")
    }
  }

  deinit { kill() }

  package var variables: [String: String] {
    [
      "HEIGHTS_OBJECTS_BUCKET": Self.bucket, "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:\(port)",
      "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    ]
  }

  package func start() throws {
    let python =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().path + "/.venv-lab/bin/python"
    let started = try ServerProcess.start(
      [python, "-m", "ministack"],
      environment: [
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "\(port)", "SERVICES": "s3", "S3_PERSIST": "1",
        "S3_DATA_DIR": folder.path + "/s3", "STATE_DIR": folder.path + "/state", "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nowhere.sock",
      ])
    pid.withLock { $0 = started }
    guard eventually({ PublicPort(number: port).get("/_ministack/health") != nil }) else {
      throw RedisServer.Failure(description: "MiniStack did not start on port \(port)")
    }
  }

  /// Ends it at once.
  package func kill() { signal(SIGKILL) }

  package func signal(_ number: Int32) {
    let pid = pid.withLock { $0 }
    if pid > 0 { _ = Glibc.kill(pid, number) }
  }
}
