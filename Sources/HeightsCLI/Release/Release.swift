// A release: the folder that a server gets, packed.

import Deploy
import Foundation
import Lab

/// What an app needs on a server, at the places where it looks for it: `run` starts it in the folder that has the rest.
struct Release {
  private let folder: AppFolder
  private let manifest: Manifest
  private let program: LinkedProgram
  private static let limitS = 600.0

  /// - Throws: `ReleaseError` when the program is a script, or linked to what is not there.
  init(folder: AppFolder, program: String) throws {
    self.folder = folder
    manifest = try Manifest.load(folder: folder.path)
    self.program = try LinkedProgram(program)
  }

  /// Writes it; a file that is there is replaced when the new one is whole.
  func write(to path: String) throws -> ReleaseFacts {
    let place = FileManager.default.temporaryDirectory.appendingPathComponent(
      "heights-release-\(UUID().uuidString)")
    try FileManager.default.createDirectory(
      at: place, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
    defer { try? FileManager.default.removeItem(at: place) }
    let facts = try fill(place)
    let target = URL(fileURLWithPath: path).path
    let part = target + ".part"
    defer { unlink(part) }
    try pack(place.path, to: part)
    guard rename(part, target) == 0 else {
      throw ReleaseError(description: "can't write \(path): \(String(cString: strerror(errno)))")
    }
    return facts
  }

  private func fill(_ place: URL) throws -> ReleaseFacts {
    let files = FileManager.default
    let (programs, libraries) = (place.appendingPathComponent("bin"), place.appendingPathComponent("lib"))
    for folder in [programs, libraries] {
      try files.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    let name = URL(fileURLWithPath: program.path).lastPathComponent
    try copy(program.path, to: programs.appendingPathComponent(name), mode: 0o755)
    for (name, path) in program.libraries {
      try copy(path, to: libraries.appendingPathComponent(name), mode: 0o644)
    }
    let start = place.appendingPathComponent("run")
    try Data(script(name).utf8).write(to: start)
    try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: start.path)
    try copyWhatIsRead(to: place)
    let facts = ReleaseFacts(
      app: manifest.name, architecture: program.architecture, glibc: program.glibc,
      libraries: program.libraries.count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(facts).write(to: place.appendingPathComponent(ReleaseFacts.fileName))
    return facts
  }

  private func copyWhatIsRead(to place: URL) throws {
    let files = FileManager.default
    for name in manifest.files where !files.fileExists(atPath: folder.path + "/" + name) {
      throw ReleaseError(
        description: "\(Manifest.fileName): files: '\(name)' is not in \(folder.path), even after the build")
    }
    // What is in a folder that has been copied is there by then.
    for name in Set(manifest.filesThatAreRead).sorted()
    where files.fileExists(atPath: folder.path + "/" + name) {
      let target = place.appendingPathComponent(name)
      if files.fileExists(atPath: target.path) { continue }
      try files.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      try files.copyItem(atPath: folder.path + "/" + name, toPath: target.path)
    }
  }

  /// The file itself where the path is a link to it.
  private func copy(_ path: String, to target: URL, mode: Int) throws {
    try FileManager.default.copyItem(
      at: URL(fileURLWithPath: path).resolvingSymlinksInPath(), to: target)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: target.path)
  }

  /// Libraries ask for others too, and those find them only so.
  private func script(_ name: String) -> String {
    let words = ["bin/" + name] + manifest.service.run.dropFirst()
    let quoted = words.map { "'" + $0.replacingOccurrences(of: "'", with: #"'\''"#) + "'" }
    return """
      #!/bin/sh
      cd "$(dirname "$0")" || exit 1
      LD_LIBRARY_PATH="$PWD/lib" exec ./\(quoted.joined(separator: " "))

      """
  }

  /// Without what would differ the next time: deploying takes a release that has the same bytes for the same.
  private func pack(_ place: String, to path: String) throws {
    guard let tar = CommandLineTool(named: "tar") else {
      throw ReleaseError(description: "tar, which packs the release, is not in PATH")
    }
    let result = try tar.run(
      [
        "--create", "--use-compress-program", "gzip --no-name", "--file", path, "--directory", place,
        "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=u+rw,go+rX,go-w",
      ] + (try FileManager.default.contentsOfDirectory(atPath: place)).sorted(), limitS: Self.limitS)
    guard let result, result.code == 0 else {
      throw ReleaseError(description: "tar can't write \(path): \(result?.errors ?? "it took too long")")
    }
  }
}
