// A certificate for a server of a test, which vouches for itself.

import Foundation

/// Two files of PEM.
package struct ServerCertificate: Sendable {
  package let certificate: String
  package let key: String

  /// - Parameter name: what it is for: `IP:127.0.0.1`, `DNS:localhost`.
  package static func make(_ name: String, in folder: String) throws -> ServerCertificate {
    let made = ServerCertificate(certificate: folder + "/server.crt", key: folder + "/server.key")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=server",
      "-addext", "subjectAltName=\(name)", "-out", made.certificate, "-keyout", made.key,
    ]
    _ = try process.outputInTime(errors: false)
    return made
  }
}
