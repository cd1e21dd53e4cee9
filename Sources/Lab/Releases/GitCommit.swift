// The commit that a folder is at, read from Git's own files: nothing is started for it.

import Foundation

enum GitCommit {
  private static let shownDigits = 10

  /// Such as `1f5c2ab903 (main)`; nil where no folder above is a working tree. What was changed since is not known.
  static func of(_ folder: String) -> String? {
    guard let git = gitFolder(above: URL(fileURLWithPath: folder)),
      let head = text(git.appendingPathComponent("HEAD"))
    else { return nil }
    guard head.hasPrefix("ref: ") else { return String(head.prefix(shownDigits)) }
    let name = String(head.dropFirst("ref: ".count))
    guard let commit = commit(of: name, git) else { return nil }
    return "\(commit.prefix(shownDigits)) (\(name.replacing("refs/heads/", with: "")))"
  }

  /// A working tree may have its own folder elsewhere: then `.git` is a file that names it.
  private static func gitFolder(above folder: URL) -> URL? {
    var folder = folder
    while true {
      let git = folder.appendingPathComponent(".git")
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: git.path, isDirectory: &isFolder) {
        if isFolder.boolValue { return git }
        return text(git).flatMap { line in
          line.hasPrefix("gitdir: ")
            ? URL(fileURLWithPath: String(line.dropFirst("gitdir: ".count)), relativeTo: folder) : nil
        }
      }
      if folder.path == "/" { return nil }
      folder.deleteLastPathComponent()
    }
  }

  private static func commit(of name: String, _ git: URL) -> Substring? {
    // Working trees of one repository share its branches.
    let common = text(git.appendingPathComponent("commondir")).map {
      URL(fileURLWithPath: $0, relativeTo: git)
    }
    for place in [git, common].compactMap({ $0 }) {
      if let commit = text(place.appendingPathComponent(name)) { return commit[...] }
      let packed = text(place.appendingPathComponent("packed-refs")) ?? ""
      for line in packed.split(separator: "\n") where line.hasSuffix(" " + name) {
        return line.prefix { $0 != " " }
      }
    }
    return nil
  }

  private static func text(_ file: URL) -> String? {
    FileManager.default.contents(atPath: file.path).map {
      String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }
}
