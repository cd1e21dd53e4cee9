// What the lab runs on, installed when it is missing.

import Foundation
import Lab

enum Engines {
  /// Runs `body`; where it finds engines missing they are installed by Heights' own script, and it runs once more.
  /// - Throws: what `body` throws; the names of the missing packages where they can't be installed.
  static func installing(_ tell: (String) -> Void, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as LabError {
      guard case .enginesMissing(let stage, let packages) = error, let home = Installation.home else {
        throw error
      }
      tell("engines are missing: \(packages.joined(separator: ", "))")
      guard install(stage: stage, home: home) else { throw error }
      try body()
    }
  }

  /// Installs what a stage runs on, where that is missing, before an app climbs there.
  static func ensure(stage: Int) throws {
    guard stage >= 3, let home = Installation.home, !install(stage: stage, home: home) else { return }
    throw UsageError(
      "the engines of stage \(stage) can't be installed: run `scripts/install-engines \(stage)`")
  }

  /// What the script says goes to standard error.
  private static func install(stage: Int, home: String) -> Bool {
    let script = Process()
    script.executableURL = URL(fileURLWithPath: home + "/scripts/install-engines")
    script.arguments = [String(stage)]
    script.standardOutput = FileHandle.standardError
    guard (try? script.run()) != nil else { return false }
    script.waitUntilExit()
    return script.terminationStatus == 0
  }
}
