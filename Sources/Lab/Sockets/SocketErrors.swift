// What can go wrong with sockets, and how it is told.

extension LabError {
  static func portBusy(port: Int, option: String) -> LabError {
    LabError(
      "port_busy", "port \(port) of 127.0.0.1 is taken by another program; choose another with \(option) PORT"
    )
  }

  static func portOutOfRange(port: Int, option: String) -> LabError {
    LabError(
      "port_out_of_range", "\(option) is \(port): expected a port from 1 to 65535, or 0 for a free one",
      isMisuse: true)
  }

  static func adminFailed(process: String, request: String, outcome: String) -> LabError {
    LabError("admin_failed", "\(process) answered \(request) with: \(outcome)")
  }
}
