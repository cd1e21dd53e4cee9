// A release: the folder that a server gets, packed.

import Deploy
import Foundation
import Lab

/// What an app needs on a server, at the places where it looks for it: `run` starts it in the folder that has the rest, as the
/// service that the server is for.
struct Release {
  private let folder: AppFolder
  private let manifest: Manifest
  /// In the order of the manifest.
  private let parts: [(part: Manifest.Part, program: LinkedProgram)]
  private static let limitS = 600.0

  /// - Parameter parts: with the paths of their programs.
  /// - Throws: `ReleaseError` when a program is a script, or linked to what is not there.
  init(folder: AppFolder, parts: [(part: Manifest.Part, program: String)]) throws {
    self.folder = folder
    manifest = try Manifest.load(folder: folder.path)
    self.parts = try parts.map { ($0.part, try LinkedProgram($0.program)) }
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
    let all = parts.map(\.program)
    for (path, name) in try names(of: all) {
      try copy(path, to: programs.appendingPathComponent(name), mode: 0o755)
    }
    let needed = all.reduce(into: [:]) { $0.merge($1.libraries) { first, _ in first } }
    for (name, path) in needed {
      try copy(path, to: libraries.appendingPathComponent(name), mode: 0o644)
    }
    try write(runScript, to: place.appendingPathComponent("run"))
    try writeWorkers(to: place.appendingPathComponent("workers"))
    try copyWhatIsRead(to: place)
    let facts = ReleaseFacts(
      app: manifest.name, architecture: all[0].architecture,
      glibc: all.map(\.glibc).reduce("2.0") { ReleaseFacts.isLater($1, than: $0) ? $1 : $0 },
      libraries: needed.count)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(facts).write(to: place.appendingPathComponent(ReleaseFacts.fileName))
    return facts
  }

  /// What they are called in the release, by path.
  private func names(of programs: [LinkedProgram]) throws -> [String: String] {
    let names = programs.reduce(into: [:]) { $0[$1.path] = Self.name(of: $1) }
    if Set(names.values).count == names.count { return names }
    throw ReleaseError(
      description:
        "two programs of \(Manifest.fileName) have one name in different folders: \(names.keys.sorted()); call one of them otherwise"
    )
  }

  private static func name(of program: LinkedProgram) -> String {
    URL(fileURLWithPath: program.path).lastPathComponent
  }

  /// A program for each process: a server starts all that it finds there.
  private func writeWorkers(to folder: URL) throws {
    if manifest.workers.isEmpty { return }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (part, program) in parts where part.kind == .worker {
      let count = manifest.workers.first { $0.name == part.name }?.count ?? 1
      for number in 1...count {
        let name = number == 1 ? part.name : "\(part.name).\(number)"
        try write(
          Self.script([Self.start(program, part.run)], depth: 1), to: folder.appendingPathComponent(name))
      }
    }
  }

  /// The service that `HEIGHTS_SERVICE` names, and all of the app where it names none.
  private var runScript: String {
    let others = parts.filter { $0.part.kind == .service && $0.part.run != manifest.service.run }
    let cases = others.map { "  '\($0.part.name)') \(Self.start($0.program, $0.part.run)) ;;" }
    let choice = cases.isEmpty ? [] : [#"case "$HEIGHTS_SERVICE" in"#] + cases + ["esac"]
    return Self.script(choice + [Self.start(parts[0].program, parts[0].part.run)])
  }

  private func write(_ script: String, to path: URL) throws {
    try Data(script.utf8).write(to: path)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path.path)
  }

  private func copyWhatIsRead(to place: URL) throws {
    let files = FileManager.default
    for name in manifest.files where !files.fileExists(atPath: folder.path + "/" + name) {
      throw ReleaseError(
        description: "\(Manifest.fileName): files: '\(name)' is not in \(folder.path), even after the build")
    }
    if !manifest.workers.isEmpty,
      let name = manifest.filesThatAreRead.first(where: { $0.split(separator: "/").first == "workers" })
    {
      throw ReleaseError(
        description:
          "\(Manifest.fileName): '\(name)' is in a folder called workers, where a release has what starts workers: "
          + "call it otherwise")
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
  private static func start(_ program: LinkedProgram, _ run: [String]) -> String {
    let words = ["bin/" + name(of: program)] + run.dropFirst()
    let quoted = words.map { "'" + $0.replacingOccurrences(of: "'", with: #"'\''"#) + "'" }
    return #"LD_LIBRARY_PATH="$PWD/lib" exec ./"# + quoted.joined(separator: " ")
  }

  /// - Parameter depth: how many folders below the release's it lies.
  private static func script(_ lines: [String], depth: Int = 0) -> String {
    let folder = #""$(dirname "$0")\#(String(repeating: "/..", count: depth))""#
    return (["#!/bin/sh", "cd \(folder) || exit 1"] + lines).map { $0 + "\n" }.joined()
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
