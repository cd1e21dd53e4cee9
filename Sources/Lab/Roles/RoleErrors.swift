// What can go wrong with the app on the public port, and how it is told.

import Topology

extension LabError {
  static func unknownInstanceType(_ name: String) -> LabError {
    LabError(
      "unknown_instance_type", Nearest.unknown("instance type", name, InstanceType.catalogue.map(\.name)),
      isMisuse: true)
  }

  static func noInstance(stage: Int) -> LabError {
    LabError(
      "no_instance", "stage \(stage) has no instance to resize; `heights climb` leads to stage 2",
      isMisuse: true)
  }

  static func diskTooSmall(askedBytes asked: Int, currentBytes current: Int) -> LabError {
    LabError(
      "disk_too_small",
      "the disk has \(Bytes.text(current)) and can only grow; \(Bytes.text(asked)) was asked for",
      isMisuse: true)
  }

  static func diskTooLarge(askedBytes asked: Int, maximumBytes maximum: Int) -> LabError {
    LabError(
      "disk_too_large", "a disk has at most \(Bytes.text(maximum)); \(Bytes.text(asked)) was asked for",
      isMisuse: true)
  }

  static func resizeUndone(type: String, reason: String) -> LabError {
    LabError("resize_undone", "the resize was undone, \(type) serves again: \(reason)")
  }
}
