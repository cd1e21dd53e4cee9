// heights history check: can all that people were answered be true together?

import History
import Load

extension Command {
  static let historyCheck = Command(
    name: "history check", summary: "Judge the history of a run: can all of its answers be true together?",
    discussion:
      "`heights load --history FILE` and each drill (.heights/history.ndjson) write one: who asked for what, from when to "
      + "when, and the answer. For each key there must be an order that explains what the leader said; sessions read their "
      + "own writes, and nothing older than what they have seen; no addition is lost, and nothing is read that nobody has "
      + "written. The fewest operations that contradict each other are named. Exit code 0 when there are none, 1 when there "
      + "are, 2 when the file is no history, or keys have so many operations at once that it can't be decided.",
    parameters: ["FILE"],
    options: [.json],
    example: "heights history check .heights/history.ndjson"
  ) { arguments, output in
    let path = arguments.parameters[0]
    let verdict = try await onThread {
      do { return HistoryChecker.check(try HistoryFile.read(path)) } catch let error as LoadError {
        throw UsageError("\(error)")
      }
    }
    if arguments.has("json") {
      output.json(verdict)
    } else {
      output.result(verdict.text(output))
    }
    return verdict.isGood ? 0 : verdict.contradictions.isEmpty ? 2 : 1
  }
}

extension Verdict {
  /// One line.
  var summary: String {
    let size = "\(operations) operations of \(sessions) sessions on \(keys) keys"
    if let smallest {
      return
        "\(size): \(contradictions.count) contradictions, such as \(smallest.promise.rawValue) at \(smallest.key)"
    }
    return undecided.isEmpty
      ? "\(size), all of which fit together" : "\(size): \(undecided.count) keys are undecided"
  }

  fileprivate func text(_ output: Output) -> String {
    var parts = [output.styled(summary, isGood ? .good : .bad)]
    if let smallest {
      let lines = smallest.operations.map { "  \($0)" }.joined(separator: "\n")
      parts.append(
        "The fewest that can't all be true (\(smallest.promise.rawValue), \(smallest.key)):\n" + lines)
    }
    if !undecided.isEmpty { parts.append("undecided: " + undecided.prefix(10).joined(separator: ", ")) }
    return parts.joined(separator: "\n\n")
  }
}
