// What a release says about itself, in its release.json.

import CloudFormation
import Deploy
import Foundation

/// On which machines a release runs.
struct ReleaseFacts: Codable, Equatable, Sendable {
  static let fileName = "release.json"

  let app: String
  /// As the kernel names it: x86_64 or aarch64.
  let architecture: String
  /// The lowest version that has all that is asked of it, such as 2.34.
  let glibc: String
  /// How many go along.
  let libraries: Int

  /// Why the servers of the templates can't run it; nil when they can.
  var reason: String? {
    if let reason = Self.reason(architecture: architecture) { return reason }
    if Self.isLater(glibc, than: ServerImage.glibc) {
      return
        "it needs glibc \(glibc), and the servers of the templates have \(ServerImage.glibc): build it on Debian 12"
    }
    return nil
  }

  static func reason(architecture: String) -> String? {
    if architecture == ServerImage.architecture { return nil }
    return
      "it was built for \(architecture), and the servers of the templates are \(ServerImage.architecture): build it on such a "
      + "machine, an arm64 Debian 12 for instance"
  }

  static func isLater(_ version: String, than other: String) -> Bool {
    version.compare(other, options: .numeric) == .orderedDescending
  }

  /// Those of an archive; nil when it has none, as one that was packed by hand.
  /// - Parameter names: what is in the archive.
  static func read(_ file: String, names: [Substring], _ tar: CommandLineTool) -> ReleaseFacts? {
    content(fileName, of: file, names: names, tar).flatMap {
      try? JSONDecoder().decode(ReleaseFacts.self, from: $0)
    }
  }

  /// The architecture of an archive's `run`; nil when that is a script.
  static func architecture(_ file: String, names: [Substring], _ tar: CommandLineTool) -> String? {
    content("run", of: file, names: names, tar).flatMap {
      ELFHeader(Array($0.prefix(ELFHeader.sizeBytes)))?.architecture
    }
  }

  private static func content(
    _ name: String, of file: String, names: [Substring], _ tar: CommandLineTool
  ) -> Data? {
    guard let entry = names.first(where: { $0 == name || $0 == "./" + name }) else { return nil }
    let words = ["--extract", "--gzip", "--to-stdout", "--file", file, String(entry)]
    let result = (try? tar.run(words, limitS: 60)).flatMap { $0 }
    return result?.code == 0 ? result?.output : nil
  }
}

/// The beginning of a program's file (ELF, gABI 4.1: "ELF Header").
struct ELFHeader {
  static let sizeBytes = 20

  let architecture: String

  /// Nil for what is no ELF file.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= Self.sizeBytes, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { return nil }
    let machine = Int(bytes[18]) | Int(bytes[19]) << 8
    architecture = [62: "x86_64", 183: "aarch64"][machine] ?? "machine \(machine)"
  }
}
