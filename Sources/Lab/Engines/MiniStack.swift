// MiniStack: the object store, which speaks S3, and the table, which speaks DynamoDB. Each is a process of its own and runs behind
// a gate, since MiniStack believes whatever key it is told.

import Foundation

/// What its processes have in common.
struct MiniStack: Sendable {
  let host: Host
  let port: Int
  /// The Python that has it; nil when it is not installed.
  let program: String?
  let shell: EngineShell

  static let package = "ministack (PyPI)"
  private static let state = "state"
  private static let settings = "settings.json"

  /// - Parameter gate: the program in Python that is started in its place.
  func arguments(_ gate: String) -> [String] {
    [host.folder + "/" + gate, host.folder + "/" + Self.settings]
  }

  /// - Parameter service: the only one that it has.
  func environment(_ service: String) -> [String: String] {
    let state = host.folder + "/" + Self.state
    return [
      "BIND_HOST": host.address, "MINISTACK_HOST": host.address, "GATEWAY_PORT": String(port),
      "MINISTACK_REGION": "us-east-1", "SERVICES": service, "STATE_DIR": state, "LOG_LEVEL": "WARNING",
      // Where it notes its process: another user's may have the same port.
      "TMPDIR": state,
      // Only the store is wanted: no other doors, and no containers where there is a Docker.
      "SFTP_ENABLED": "0", "IOT_MTLS_ENABLED": "0", "DOCKER_HOST": "unix:///nowhere.sock",
    ]
  }

  /// - Parameters:
  ///   - gate: the program, and what it is called.
  ///   - settings: nothing in their values has to be escaped.
  func prepare(_ gate: (name: String, text: [UInt8]), _ settings: [(String, String)]) throws(LabError) {
    try shell.makeFolder(Self.state)
    try shell.write(String(decoding: PackageResources.signature_py, as: UTF8.self), to: "signature.py")
    try shell.write(String(decoding: gate.text, as: UTF8.self), to: gate.name)
    let members = settings.map { "\"\($0.0)\": \"\($0.1)\"" }
    try shell.write("{\(members.joined(separator: ", "))}\n", to: Self.settings)
  }
}
