// TLS before a server of a test, as a load balancer has it.

import Foundation

/// An HAProxy that takes TLS and leads to a port of 127.0.0.1. Ends with its owner, and with the process, however that ends.
package final class TLSDoor: Sendable {
  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package let port: Int
  private let folder: TemporaryFolder
  private let pid: pid_t

  /// - Parameter name: of its certificate: `IP:…` or `DNS:…`.
  package init(before target: UInt16, certifiedAs name: String) throws {
    (folder, port) = (try TemporaryFolder(), try PublicPort.free())
    let made = try ServerCertificate.make(name, in: folder.path)
    let both = try [made.certificate, made.key].map { try String(contentsOfFile: $0, encoding: .utf8) }
    try folder.write(both.joined(), to: "both.pem")
    try folder.write(
      """
      defaults
        mode http
        timeout connect 2s
        timeout client 60s
        timeout server 60s
      frontend door
        bind 127.0.0.1:\(port) ssl crt \(folder.path)/both.pem
        default_backend server
      backend server
        server one 127.0.0.1:\(target)

      """, to: "haproxy.cfg")
    pid = try ServerProcess.start(["haproxy", "-f", folder.path + "/haproxy.cfg"])
    let isUp = eventually { PublicPort(number: port).accepts }
    guard isUp else { throw Failure(description: "haproxy did not start on port \(port)") }
  }

  deinit { kill(pid, SIGKILL) }

  /// The file of its certificate, which it has signed itself.
  package var certificate: String { folder.path + "/server.crt" }
}
