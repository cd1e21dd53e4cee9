// A real server that speaks DynamoDB for tests: MiniStack, as the lab has it.

import Foundation
import Synchronization

/// A server with a port of its own; its tables are in memory. Ends with its owner, and with the process.
package final class DynamoServer: Sendable {
  package let port: Int
  /// What vouches for it; nil when it is asked without TLS.
  package let tls: ServerCertificate?
  private let folder: TemporaryFolder
  private let pid = Mutex<pid_t>(0)

  /// - Parameter name: what its certificate is for, such as `DNS:localhost`; nil for one that is asked without TLS.
  package init(certifiedAs name: String? = nil) throws {
    folder = try TemporaryFolder()
    port = try PublicPort.free()
    tls = try name.map { [folder] in try ServerCertificate.make($0, in: folder.path) }
    try start()
  }

  deinit { signal(SIGKILL) }

  /// - Parameters:
  ///   - table: three characters or more.
  ///   - host: as it is asked.
  package func variables(_ table: String, host: String = "127.0.0.1") -> [String: String] {
    var variables = [
      "HEIGHTS_SESSIONS_TABLE": table,
      "AWS_ENDPOINT_URL_DYNAMODB": "http\(tls == nil ? "" : "s")://\(host):\(port)",
      "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
    ]
    variables["AWS_CA_BUNDLE"] = tls?.certificate
    return variables
  }

  private func start() throws {
    let started = try ServerProcess.start(
      [Self.root + "/.venv-lab/bin/python", "-m", "ministack"],
      environment: [
        "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "\(port)", "SERVICES": "dynamodb",
        "STATE_DIR": folder.path + "/state", "TMPDIR": folder.path, "LOG_LEVEL": "WARNING",
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nowhere.sock",
      ].merging(encryption) { $1 })
    pid.withLock { $0 = started }
    guard eventually({ isListening }) else {
      throw RedisServer.Failure(description: "MiniStack did not start on port \(port)")
    }
  }

  private var encryption: [String: String] {
    guard let tls else { return [:] }
    return ["USE_SSL": "1", "MINISTACK_SSL_CERT": tls.certificate, "MINISTACK_SSL_KEY": tls.key]
  }

  private var isListening: Bool {
    let port = PublicPort(number: port)
    // One that speaks TLS answers nothing else.
    return tls == nil ? port.get("/_ministack/health") != nil : port.accepts
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
