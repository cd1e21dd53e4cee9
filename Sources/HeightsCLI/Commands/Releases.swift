// heights releases: what the app has run, and what it can go back to.

import Foundation
import Lab

extension Command {
  static let releases = Command(
    name: "releases", summary: "List the releases of an app in its lab, the newest first.",
    discussion:
      "The app need not run. The newest five are kept, and those that run; of others only the line is left.",
    options: [.app, .json],
    example: "heights releases"
  ) { arguments, output in
    let folder = try arguments.appFolder()
    let list = ReleaseList(try LabState.load(folder)?.releases ?? ReleaseBook())
    if arguments.has("json") {
      output.json(list)
    } else {
      output.result(list.text)
    }
    return 0
  }
}

extension ReleaseList {
  var text: String {
    if releases.isEmpty { return "there is no release yet: `heights up` makes the first one" }
    return Table.text(
      ["RELEASE", "STATE", "MADE", "FROM"],
      releases.map { line in
        let time = Date(timeIntervalSince1970: Double(line.madeAtMs) / 1_000).formatted(.iso8601)
        let state = line.state.rawValue + (line.isKept ? "" : ", removed")
        return [String(line.number), state, time, line.from + (line.fault.map { ": \($0)" } ?? "")]
      })
  }
}
