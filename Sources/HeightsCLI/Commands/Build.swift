// heights build: the app as one file that a server runs.

import Foundation
import Lab

extension Command {
  static let build = Command(
    name: "build",
    summary: "Make a release: the app and all that it needs, in one file for `heights deploy`.",
    discussion:
      "Builds the app as `heights up` does, and packs its programs, the libraries that they are linked to, the Swift runtime among "
      + "them, its migrations, its static files and its launch page. A server needs nothing of it but glibc. What a release runs "
      + "on is where it was built: deploy to servers of the same architecture. The same files give the same release.",
    options: [.app, Option("out", "FILE", "the file to write, a .tar.gz"), .json],
    example: "heights build --out summit.tar.gz"
  ) { arguments, output in
    guard let path = arguments.text("out") else {
      throw UsageError("'build' needs --out FILE, the release to write, such as summit.tar.gz")
    }
    try checkTarget(path)
    let folder = try arguments.appFolder()
    let facts = try await output.whileWorking {
      try await onThread {
        let parts = try Lab.build(folder, report: { output.progress($0) })
        return try Release(folder: folder, parts: parts).write(to: path)
      }
    }
    if arguments.has("json") {
      output.json(facts)
    } else {
      output.result(
        "\(path): \(facts.app) for \(facts.architecture) with glibc \(facts.glibc) or later, "
          + "\(facts.libraries) libraries beside it")
    }
    return 0
  }
}

/// Told before the build, which may take minutes.
private func checkTarget(_ path: String) throws(UsageError) {
  let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
  var isFolder: ObjCBool = false
  if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
    throw UsageError(
      "--out is '\(path)', which is a folder: name the file to write, such as \(path)/app.tar.gz")
  }
  guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue,
    access(folder, W_OK) == 0
  else { throw UsageError("--out is '\(path)': \(folder) is no folder that can be written to") }
}
