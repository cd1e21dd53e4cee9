// What can go wrong with the control socket, and how it is told.

extension LabError {
  static func busy(operation: String) -> LabError {
    LabError("busy", "\(operation) is under way; try again when it has ended", mayRetry: true)
  }

  static var stopping: LabError {
    LabError("stopping", "the lab is stopping")
  }

  static func protocolBroken(_ detail: String) -> LabError {
    LabError("protocol_broken", "the control socket does not speak our protocol: \(detail)")
  }
}
