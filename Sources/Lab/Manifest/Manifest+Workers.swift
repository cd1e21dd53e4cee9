// The workers of heights.json: programs of the app's that answer nobody.

extension Manifest {
  /// Each is a few processes on every server.
  static let maximumWorkers = 10
  /// Processes of one worker on a server.
  static let workerCounts = 1...8

  /// - Parameter services: none where they are wrong.
  static func readWorkers(
    _ member: JSON5Node.Member, beside services: [Service], _ problems: ManifestProblems
  ) -> [Worker] {
    guard let object = ManifestObject(member.node, path: "workers", problems) else { return [] }
    let entries = object.entries("a name of letters, digits and dashes", isValid: isName)
    if entries.count > maximumWorkers {
      problems.add(
        "workers", "expected at most \(maximumWorkers) workers, found \(entries.count)", line: member.line)
    }
    if !entries.isEmpty, let first = services.first, !first.listensOnPort {
      problems.add(
        "workers",
        "they run beside a program that listens on a port itself: expected `listens: \"port\"` in '\(first.name)'. What takes "
          + "sockets does such work in its own processes", line: member.line)
    }
    return entries.compactMap { entry in
      if services.contains(where: { $0.name == entry.key }) {
        problems.add("workers/\(entry.key)", "a service has that name: expected another", line: entry.line)
      }
      return readWorker(entry, problems)
    }
  }

  private static func readWorker(_ member: JSON5Node.Member, _ problems: ManifestProblems) -> Worker? {
    guard let object = ManifestObject(member.node, path: "workers/\(member.key)", problems) else {
      return nil
    }
    let run = object.required("run", "a command as a list of words", read: command)
    let range = "a whole number from \(workerCounts.lowerBound) to \(workerCounts.upperBound)"
    let count = object.optional("count", range) { $0.whole(in: workerCounts) }
    object.rejectUnknownKeys()
    return run.map { Worker(name: member.key, run: $0, count: count ?? 1) }
  }
}
