// heights init: a small app to begin with.

import Foundation
import Lab

extension Command {
  static let initialise = Command(
    name: "init", summary: "Write a small app into a new folder: manifest, package, one service, one test.",
    discussion:
      "It builds and runs at once: `cd NAME && heights up`. It is yours; nothing in it is written again. With --services it is two "
      + "services, one calling the other: in one process up to stage 5, apart from stage 6 on, by the same code.",
    parameters: ["NAME"],
    options: [Option("services", nil, "two services, of which one calls the other"), .json],
    example: "heights init guestbook"
  ) { arguments, output in
    let app = try NewApp(name: arguments.parameters[0], hasServices: arguments.has("services"))
    try app.write()
    if arguments.has("json") {
      output.json(["folder": app.folder])
    } else {
      output.result(
        "\(app.folder) holds your app. Next:\n\n  cd \(app.name)\n  \(Installation.commandFromElsewhere) up")
    }
    return 0
  }
}

/// An app that `init` writes.
struct NewApp {
  private typealias File = (path: String, template: [UInt8])

  /// Where each file of the template goes that every app has.
  private static let common: [File] = [
    ("Package.swift", PackageResources.Package_swift_template),
    ("README.md", PackageResources.README_md_template),
    (".gitignore", PackageResources.gitignore_template),
    ("Sources/main.swift", PackageResources.main_swift_template),
    ("Tests/NotesTests.swift", PackageResources.NotesTests_swift_template),
    ("Migrations/notes/001_notes.sql", PackageResources.migration_sql_template),
    ("Launch/index.html", PackageResources.index_html_template),
    ("Launch/thanks.html", PackageResources.thanks_html_template),
    ("Launch/error.html", PackageResources.error_html_template),
  ]
  /// Of an app that is one service.
  private static let whole: [File] = [
    ("heights.json", PackageResources.heights_json_template),
    ("Sources/Site.swift", PackageResources.Site_swift_template),
    ("Sources/Notes.swift", PackageResources.Notes_swift_template),
  ]
  /// Of an app of two.
  private static let parted: [File] = [
    ("heights.json", PackageResources.heights_services_json_template),
    ("Sources/Site.swift", PackageResources.Site_services_swift_template),
    ("Sources/Boards.swift", PackageResources.Boards_swift_template),
    ("Sources/Notes.swift", PackageResources.Notes_services_swift_template),
    ("Sources/NotesClient.swift", PackageResources.NotesClient_swift_template),
  ]

  let name: String
  /// Absolute.
  let folder: String
  private let hasServices: Bool
  private let heights: String

  /// - Parameter hasServices: whether it is two services, of which one calls the other.
  /// - Throws: `UsageError` when the name can't be an app's, or something of that name is here already.
  init(
    name: String, hasServices: Bool = false, in parent: String = FileManager.default.currentDirectoryPath
  ) throws {
    guard Manifest.isName(name) else {
      throw UsageError("'\(name)' can't be an app's name: use 1 to 40 lower-case letters, digits and dashes")
    }
    guard let heights = Installation.home else {
      throw UsageError("the sources of Heights, which the app needs, are not beside this program")
    }
    // Swift knows a package by its folder's name.
    guard (heights as NSString).lastPathComponent.lowercased() != name else {
      throw UsageError(
        "'\(name)' is what the folder of Heights is called, and Swift would take one for the other: choose another"
      )
    }
    self.name = name
    self.hasServices = hasServices
    self.heights = heights
    folder = parent + "/" + name
    if FileManager.default.fileExists(atPath: folder) {
      throw UsageError("\(folder) is there already: choose another name, or move it away")
    }
  }

  /// Writes all of it, or nothing.
  func write() throws {
    let files = FileManager.default
    let draft = folder + ".draft-\(getpid())"
    do {
      for file in Self.common + (hasServices ? Self.parted : Self.whole) {
        let path = draft + "/" + file.path
        let parent = (path as NSString).deletingLastPathComponent
        try files.createDirectory(atPath: parent, withIntermediateDirectories: true)
        try filled(file.template).write(toFile: path, atomically: false, encoding: .utf8)
      }
      try files.moveItem(atPath: draft, toPath: folder)
    } catch {
      try? files.removeItem(atPath: draft)
      throw error
    }
  }

  private var title: String { name.split(separator: "-").map(\.capitalized).joined(separator: " ") }

  private func filled(_ template: [UInt8]) -> String {
    String(decoding: template, as: UTF8.self)
      .replacingOccurrences(of: "{{name}}", with: name)
      .replacingOccurrences(of: "{{title}}", with: title)
      .replacingOccurrences(of: "{{heights}}", with: heights)
      // What could not travel from one service to the other is found by the test.
      .replacingOccurrences(
        of: "{{serving}}", with: hasServices ? "variables: [\"HEIGHTS_CALLS\": \"checked\"], " : "")
  }
}
