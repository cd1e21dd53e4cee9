// heights down: stop an app.

import Lab

extension Command {
  static let down = Command(
    name: "down", summary: "Stop a running app: it answers what it has accepted, then every process ends.",
    discussion: "The data stays. Without a running lab it ends what a crashed one has left, and says so.",
    options: [.app, .json],
    example: "heights down --app Examples/Summit"
  ) { arguments, output in
    let folder = try arguments.appFolder()
    let hadSomething = try await output.whileWorking {
      try await onThread { try Lab.down(folder) { output.progress($0) } }
    }
    if arguments.has("json") {
      output.json(["stopped": hadSomething])
    } else {
      output.result(hadSomething ? "stopped" : "nothing runs in \(folder.path)")
    }
    return 0
  }
}
