// heights scale: horizontal scaling, by hand or by the load.

import Lab

extension Command {
  static let scale = Command(
    name: "scale", summary: "Give a service more instances or fewer, or let its load say how many.",
    discussion:
      "With a number there are so many from now on. With auto there are as many as keep them as busy as their target (60 % unless "
      + "heights.json says otherwise), and never fewer than bear the load without one of the zones. New instances get requests as "
      + "soon as they are ready. One that goes gets no more, and answers what it has been sent before it ends. It works from stage "
      + "5 on, and is remembered from run to run.",
    parameters: ["SERVICE=N|auto"],
    options: [.app, .json],
    example: "heights scale web=4"
  ) { arguments, output in
    let request = try parse(arguments.parameters[0])
    let folder = try arguments.appFolder()
    let lab = try await output.whileWorking {
      try await onThread { try ControlClient(folder).send(request.control) { output.progress($0) } }
    }
    if arguments.has("json") {
      output.json(lab)
    } else {
      output.result(request.outcome(lab))
    }
    return 0
  }

  private static func parse(_ word: String) throws(UsageError) -> ScaleRequest {
    let parts = word.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
    if parts.count == 2, !parts[0].isEmpty {
      if parts[1] == "auto" { return ScaleRequest(service: parts[0], count: nil) }
      if let count = Int(parts[1]), count > 0 { return ScaleRequest(service: parts[0], count: count) }
    }
    throw UsageError("expected SERVICE=N or SERVICE=auto, such as web=4, found '\(word)'")
  }
}

/// What was asked for.
private struct ScaleRequest {
  let service: String
  /// Nil: as many as the load asks for.
  let count: Int?

  var control: ControlRequest {
    count.map { .scale(service: service, count: $0) } ?? .scaleByLoad(service: service)
  }

  func outcome(_ lab: LabSnapshot) -> String {
    guard count == nil, let scaled = lab.services?.first(where: { $0.name == service }) else {
      return "\(service) has \(count ?? 0) instances"
    }
    return
      "\(service) scales by its load: \(scaled.minimum) to \(scaled.maximum) instances, \(scaled.targetPercent) % busy; "
      + "it has \(scaled.instances)"
  }
}
