// What can go wrong with faults, and how it is told.

extension LabError {
  /// With those that there are.
  public static func unknownHost(_ name: String, known: [String]) -> LabError {
    LabError("unknown_host", Nearest.unknown("host", name, known), isMisuse: true)
  }

  static func unknownZone(_ name: String, known: [String]) -> LabError {
    LabError("unknown_zone", Nearest.unknown("zone", name, known), isMisuse: true)
  }

  static func unknownProcess(_ name: String, known: [String]) -> LabError {
    LabError("unknown_process", Nearest.unknown("process or host", name, known))
  }

  /// No process of the host has the library that tells it the time.
  static func noClock(host: String) -> LabError {
    LabError(
      "no_clock",
      "the clock of \(host) can't be set, since none of its processes has the library that tells it the time: "
        + "`scripts/power-library` makes it, and the next `heights up` takes it")
  }

  /// The zone's power was cut.
  static func noPower(zone: String) -> LabError {
    LabError("no_power", "zone \(zone) has no power")
  }
}
