// Where Heights itself lies, and which app a command is about.

import Foundation
import Lab

enum Installation {
  /// Heights' own folder: the one above the running program that holds HeightsKit's sources.
  static let home: String? = {
    var folder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    while folder.path != "/" {
      folder.deleteLastPathComponent()
      let marker = folder.appendingPathComponent("Sources/HeightsKit").path
      if FileManager.default.fileExists(atPath: marker) { return folder.path }
    }
    return nil
  }()

  /// How the user called `heights`, as the wrapper tells it: for the commands that are shown to be typed next.
  static let command = ProcessInfo.processInfo.environment["HEIGHTS_COMMAND"] ?? "heights"

  /// The same, for another folder than this one.
  static var commandFromElsewhere: String {
    command.contains("/") ? home.map { $0 + "/heights" } ?? command : command
  }

  static var exampleApp: String? { home.map { $0 + "/Examples/Summit" } }
}

extension Arguments {
  /// The folder of the app that the command is about.
  /// - Throws: `LabError` when `--app` names no folder, `UsageError` when nothing says which app.
  func appFolder() throws -> AppFolder {
    if let named = text("app") { return try AppFolder(named) }
    if FileManager.default.fileExists(atPath: Manifest.fileName) { return try AppFolder(".") }
    guard let example = Installation.exampleApp else {
      throw UsageError(
        "there is no heights.json here: name the app's folder with --app DIR, or write an app with `heights init NAME`"
      )
    }
    return try AppFolder(example)
  }
}
