// What the lab runs on, installed when it is missing.

import Foundation
import Glibc
import Lab

enum Engines {
  /// Installs what a stage runs on, where that is missing. In the foreground, and before a lab goes to the background: sudo
  /// may ask for a password.
  static func ensure(stage: Int) throws {
    guard stage >= 3, let home = Installation.home, try !install(stage: stage, home: home) else { return }
    throw UsageError(
      "the engines of stage \(stage) can't be installed: run `scripts/install-engines \(stage)`")
  }

  /// The same for an app's start, which tells by itself what it lacks when that can't be installed.
  static func prepare(_ options: LabOptions) throws {
    let stage = try Lab.startStage(options)
    let hasOwnNetwork = try Manifest.load(folder: options.appFolder).hasOwnNetwork
    guard stage >= 3 || hasOwnNetwork, let home = Installation.home else { return }
    _ = try install(stage: stage, hasOwnNetwork: hasOwnNetwork, home: home)
  }

  /// What the script says goes to standard error.
  private static func install(stage: Int, hasOwnNetwork: Bool = false, home: String) throws -> Bool {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, 2, 1)
    let script = home + "/scripts/install-engines"
    let arguments = [script, String(stage)] + (hasOwnNetwork ? ["own"] : [])
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var pid: pid_t = 0
    // In our own process group, unlike a Process of Foundation's: the terminal stops a group in the background that asks it for
    // something, and then nobody ever answers.
    let code = posix_spawn(&pid, script, &actions, nil, &words, environ)
    guard code == 0 else { throw LabError.system(attempt: "starting \(script)", code: code) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status == 0
  }
}
