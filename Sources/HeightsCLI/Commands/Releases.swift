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

/// As JSON: `{"current": 2, "releases": [{"number": 2, "state": "running", "madeAtMs": …, "from": "…"}, …]}`.
struct ReleaseList: Encodable {
  struct Line: Encodable {
    let number: Int
    let state: ReleaseBook.Standing
    /// Since 1970 (UTC), in milliseconds.
    let madeAtMs: Int
    let from: String
    /// Why it was taken back.
    let fault: String?
    /// Whether its files are there, so that it can be gone back to.
    let isKept: Bool
  }

  let current: Int?
  let releases: [Line]

  init(_ book: ReleaseBook) {
    current = book.current
    releases = book.all.reversed().map { release in
      Line(
        number: release.number, state: book.standing(of: release), madeAtMs: release.madeAtMs,
        from: release.origin, fault: release.fault, isKept: !release.isRemoved)
    }
  }

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
