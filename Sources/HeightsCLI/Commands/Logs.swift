// heights logs: what the processes of an app say.

import Foundation
import Glibc
import Lab

extension Command {
  static let logs = Command(
    name: "logs",
    summary: "Show what the app's processes and engines have said, and with -f what they say from now on.",
    discussion:
      "NAME is a process, a host or a service, as `heights status` shows them; without one all are shown. Each line begins with "
      + "its process. Logs stay when the app is down.",
    parameters: ["[NAME]"],
    options: [
      Option("follow", short: "f", "go on with what comes, until Ctrl-C"),
      Option(
        "lines", "N",
        "so many of each, the last ones, 0 to 10,000; 100 of what was named, 10 where all are shown"),
      .app,
    ],
    example: "heights logs -f web"
  ) { arguments, output in
    let folder = try arguments.appFolder()
    let selection = LogSelection(arguments.parameters.first, in: folder)
    var tails = try selection.tails(besides: [])
    if tails.isEmpty { throw selection.nothing }
    let count = try arguments.integer("lines", in: 0...10_000) ?? (selection.name == nil ? 10 : 100)
    let isFollowed = arguments.has("follow")
    let interrupt = isFollowed ? try Interrupt() : nil
    for index in tails.indices { output.lines(tails[index].last(count), of: tails[index].name, among: tails) }
    while let interrupt, !interrupt.hasCome {
      // A process that is started meanwhile has a log of its own.
      tails += try selection.tails(besides: tails.map(\.name))
      for index in tails.indices { output.lines(tails[index].news(), of: tails[index].name, among: tails) }
      usleep(LogSelection.lookUs)
    }
    return 0
  }
}

extension Output {
  fileprivate func lines(_ lines: [String], of name: String, among tails: [LogTail]) {
    let width = tails.map(\.name.count).max() ?? 0
    let head = name + String(repeating: " ", count: max(width - name.count, 0))
    for line in lines { result("\(styled(head, .dim)) | \(line)") }
  }
}

/// Whose logs are shown.
private struct LogSelection {
  static let lookUs: UInt32 = 250_000
  private static let suffix = ".log"

  let name: String?
  private let folder: AppFolder
  /// The service that is all of the app until services are apart, by whose name its instances are known too.
  private let first: String?

  init(_ name: String?, in folder: AppFolder) {
    self.name = name
    self.folder = folder
    first = (try? Manifest.load(folder: folder.path))?.service.name
  }

  /// Those that there are and that nobody has yet, by their names.
  func tails(besides known: [String]) throws -> [LogTail] {
    processes.filter { isMeant($0) && !known.contains($0) }.map {
      LogTail(name: $0, path: folder.log(of: $0))
    }
  }

  private var processes: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder.logs)) ?? []
    return files.filter { $0.hasSuffix(Self.suffix) }.map { String($0.dropLast(Self.suffix.count)) }.sorted()
  }

  private func isMeant(_ process: String) -> Bool {
    guard let name else { return true }
    let isAllOfTheApp = process == "app" || process.hasPrefix("server-")
    let isInstance = process.hasPrefix("service-\(name)-") || (name == first && isAllOfTheApp)
    return process == name || process.hasPrefix("\(name).") || isInstance
  }

  var nothing: UsageError {
    let known = processes.joined(separator: ", ")
    return UsageError(
      known.isEmpty
        ? "there are no logs in \(folder.logs): the app has not run here yet"
        : "nothing is called '\(name ?? "")'; there are logs of \(known)")
  }
}
