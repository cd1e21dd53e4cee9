// What of the repository the tidy tests read.

import Foundation

/// A text file of the repository.
struct TextFile: Sendable {
  /// From the repository's root.
  let path: String
  let lines: [String]

  init(path: String, text: String) {
    self.path = path
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  var isSwift: Bool { path.hasSuffix(".swift") }
}

enum Repository {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
    "../.."
  )
  .standardizedFileURL.path

  private static let kinds = [
    ".swift", ".c", ".h", ".py", ".js", ".css", ".html", ".md", ".sql", ".json", ".template", ".modulemap",
  ]

  /// The texts below `folders`, in order. What a build or a run leaves in folders that begin with a dot is not ours.
  static func files(in folders: [String], kinds: [String] = kinds) -> [TextFile] {
    folders.flatMap { folder -> [TextFile] in
      let names =
        FileManager.default.enumerator(atPath: root + "/" + folder)?.compactMap { $0 as? String } ?? []
      return names.filter { isOurs($0, kinds) }.sorted().compactMap { read("\(folder)/\($0)") }
    }
  }

  static func read(_ path: String) -> TextFile? {
    guard let data = FileManager.default.contents(atPath: root + "/" + path) else { return nil }
    return TextFile(path: path, text: String(decoding: data, as: UTF8.self))
  }

  static let code = files(in: ["Sources", "Examples", "Tests", "Benchmarks"])
  /// The lists of Python packages that a virtual environment is made of.
  static let requirements = files(in: ["scripts", "Tests", "Benchmarks"], kinds: [".txt"]).filter {
    $0.path.hasSuffix("requirements.txt") || $0.path.contains("/requirements-")
  }
  static let documents = files(in: ["docs"]) + ["README.md", "CHANGELOG.md"].compactMap(read)

  private static func isOurs(_ name: String, _ kinds: [String]) -> Bool {
    !name.split(separator: "/").contains { $0.hasPrefix(".") } && kinds.contains { name.hasSuffix($0) }
  }
}
