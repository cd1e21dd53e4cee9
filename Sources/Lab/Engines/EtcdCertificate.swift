// The certificate by which the members of etcd, and who asks them, know each other.

import Files
import Foundation
import Synchronization

/// One key for all members of a lab, that nobody else has: who can't show it is not spoken to. It has vouched for itself.
struct EtcdCertificate: Equatable, Sendable {
  /// Where the lab keeps it, and its key with it.
  let path: String
  /// Of all members.
  let addresses: [String]

  static let package = "openssl"
  /// In a host's folder: certificate and key; the certificate alone, as who is believed.
  static let file = "etcd.pem"
  static let authorities = "etcd-authorities.pem"

  private static let limitMs = 30_000
  /// Members that start at once make one certificate.
  private static let turn = Mutex(())

  /// Puts it into the folder of a host; makes it when there is none.
  func write(_ shell: EngineShell) throws(LabError) {
    let text = try Self.turn.withLock { _ throws(LabError) -> String in
      if let known { return known }
      return try make(shell)
    }
    guard let start = text.range(of: "-----BEGIN CERTIFICATE-----")?.lowerBound else {
      throw .protocolBroken("the certificate in \(path)")
    }
    try shell.write(text, to: Self.file)
    try shell.write(String(text[start...]), to: Self.authorities)
  }

  private var known: String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The key comes first, then the certificate.
  private func make(_ shell: EngineShell) throws(LabError) -> String {
    guard let program = Programs.find("openssl") else {
      throw .engineMissing(engine: "openssl", package: Self.package)
    }
    let (key, certificate) = ("etcd-key.new", "etcd-certificate.new")
    // Members ask each other from the machine's first address, and etcd looks at that too.
    let names = (addresses + ["127.0.0.1"]).map { "IP:\($0)" }.joined(separator: ",")
    try shell.run(
      program,
      [
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
        "36500",
        "-subj", "/CN=heights", "-addext", "subjectAltName=\(names)", "-addext",
        "extendedKeyUsage=serverAuth,clientAuth", "-keyout", key, "-out", certificate,
      ], limitMs: Self.limitMs)
    let text = try shell.read(key) + shell.read(certificate)
    try AtomicFile.write(text, to: path)
    for name in [key, certificate] { try shell.remove(name) }
    return text
  }
}
