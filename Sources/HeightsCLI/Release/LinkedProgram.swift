// A program and what the dynamic linker loads with it.

import Deploy
import Foundation

/// Why a program can't be packed.
struct ReleaseError: Error, CustomStringConvertible {
  let description: String
}

/// A program of this machine's, with the libraries that go along with it.
struct LinkedProgram {
  let path: String
  let architecture: String
  /// By the names by which they are asked for; glibc's own are not among them: those must fit the server's kernel and loader.
  let libraries: [String: String]
  /// What all of them together need.
  let glibc: String

  private static let partsOfGlibc = [
    "ld-linux", "libc.so", "libm.so", "libmvec.so", "libpthread.so", "libdl.so", "librt.so", "libutil.so",
    "libresolv.so", "libanl.so", "libnss_", "libBrokenLocale.so", "libthread_db.so", "linux-vdso",
    "linux-gate",
  ]
  private static let limitS = 60.0

  init(_ path: String) throws {
    self.path = path
    let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
    defer { try? handle.close() }
    guard let header = ELFHeader(Array(try handle.read(upToCount: ELFHeader.sizeBytes) ?? Data())) else {
      throw ReleaseError(
        description:
          "\(path) is no program that was linked but a script, which needs more than what can be seen of it: pack a .tar.gz with a "
          + "program `run` at its top yourself")
    }
    architecture = header.architecture
    libraries = try Self.libraries(of: path)
    glibc = try Self.glibc(of: [path] + libraries.values)
  }

  /// As `ldd` says, which asks the dynamic linker itself.
  private static func libraries(of path: String) throws -> [String: String] {
    var found: [String: String] = [:]
    for line in try lines("ldd", [path]) {
      // Such as `\tlibz.so.1 => /lib/libz.so.1 (0x00007f19c6e4c000)`.
      let text = line.trimmingCharacters(in: .whitespaces)
      guard let arrow = text.range(of: " => ") else { continue }
      let name = String(text[..<arrow.lowerBound])
      if partsOfGlibc.contains(where: { name.hasPrefix($0) }) { continue }
      let rest = text[arrow.upperBound...]
      guard rest.hasPrefix("/"), let end = rest.range(of: " (0x", options: .backwards) else {
        throw ReleaseError(description: "\(path) is linked to \(name), which is not on this machine")
      }
      found[name] = String(rest[..<end.lowerBound])
    }
    return found
  }

  private static func glibc(of files: [String]) throws -> String {
    var highest = "2.0"
    for line in try lines("readelf", ["--version-info", "--wide"] + files.sorted()) {
      guard let name = line.range(of: "Name: GLIBC_") else { continue }
      let version = String(line[name.upperBound...].prefix { $0.isNumber || $0 == "." })
      if ReleaseFacts.isLater(version, than: highest) { highest = version }
    }
    return highest
  }

  private static func lines(_ name: String, _ arguments: [String]) throws -> [Substring] {
    guard let tool = CommandLineTool(named: name, environment: ["LC_ALL": "C"]) else {
      throw ReleaseError(
        description: "\(name), which looks into programs, is not in PATH: install binutils and libc-bin")
    }
    guard let result = try tool.run(arguments, limitS: limitS), result.code == 0 else {
      throw ReleaseError(description: "\(name) can't look into \(arguments.last ?? "")")
    }
    return String(decoding: result.output, as: UTF8.self).split(separator: "\n")
  }
}
