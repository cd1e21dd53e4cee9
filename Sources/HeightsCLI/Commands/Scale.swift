// heights scale: horizontal scaling.

import Lab

extension Command {
  static let scale = Command(
    name: "scale", summary: "Give a service more instances, or fewer.",
    discussion:
      "New instances get requests as soon as they are ready. One that goes gets no more, and answers what it has been sent "
      + "before it ends. It works from stage 5 on.",
    parameters: ["SERVICE=N"],
    options: [.app, .json],
    example: "heights scale web=4"
  ) { arguments, output in
    let (service, count) = try parse(arguments.parameters[0])
    let folder = try arguments.appFolder()
    let lab = try await output.whileWorking {
      try await onThread {
        try ControlClient(folder).send(.scale(service: service, count: count)) { output.progress($0) }
      }
    }
    if arguments.has("json") {
      output.json(lab)
    } else {
      output.result("\(service) has \(count) instances")
    }
    return 0
  }

  private static func parse(_ word: String) throws(UsageError) -> (service: String, count: Int) {
    let parts = word.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts[0].isEmpty, let count = Int(parts[1]), count > 0 else {
      throw UsageError("expected SERVICE=N, such as web=4, found '\(word)'")
    }
    return (parts[0], count)
  }
}
