// MiniStack: the object store, which speaks S3. It runs behind a gate, since it believes whatever key it is told.

import Foundation

struct MiniStack: Engine {
  let host: Host
  let port: Int
  let bucket: String
  let secrets: Secrets
  /// The Python that has it; nil when it is not installed.
  let program: String?
  let shell: EngineShell

  var kind: EngineKind { .ministack }
  var package: String { "ministack (PyPI)" }
  var arguments: [String] { [host.folder + "/gate.py", host.folder + "/keys.json"] }

  var environment: [String: String] {
    [
      "BIND_HOST": host.address, "MINISTACK_HOST": host.address, "GATEWAY_PORT": String(port),
      "SERVICES": "s3",
      "S3_PERSIST": "1", "S3_DATA_DIR": host.folder + "/s3", "STATE_DIR": host.folder + "/state",
      "LOG_LEVEL": "WARNING",
      // Where it notes its process: another user's may have the same port.
      "TMPDIR": host.folder + "/state",
      // Only the store is wanted: no other doors, and no containers where there is a Docker.
      "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nowhere.sock",
    ]
  }

  func prepare() throws(LabError) {
    for folder in ["s3", "state"] { try shell.makeFolder(folder) }
    try shell.write(String(decoding: PackageResources.gate_py, as: UTF8.self), to: "gate.py")
    // Hexadecimal digits: nothing in them has to be escaped.
    let keys = [
      ("id", secrets.objectsKeyID), ("secret", secrets.objectsKey), ("reader", secrets.objectsReader),
    ]
    let members = keys.map { "\"\($0.0)\": \"\($0.1)\"" }
    try shell.write("{\(members.joined(separator: ", "))}\n", to: "keys.json")
  }

  /// By which it lets somebody read.
  static func authorization(_ secrets: Secrets) -> String { "Bearer \(secrets.objectsReader)" }

  /// It has the app's bucket; makes it, as the template of AWS does there.
  func isReady() -> Bool {
    let client = HostClient(
      address: host.address, port: port, authorization: Self.authorization(secrets))
    if client.status("/\(bucket)?location") == 200 { return true }
    return (try? client.put("/\(bucket)"))?.status == 200
  }
}
