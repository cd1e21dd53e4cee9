// The app's disk has no room.

import Glibc
import Lab
import Topology

struct DiskFull: Fault {
  static let stages = Stage.singleServer ... .singleServer
  static let summary = "the app's disk is filled to its last byte"
  static let reason =
    "from stage 3 on the rows are on the database's disk, whose size the lab does not limit"
  static let holdSeconds = 8

  let target = "the disk of the app"
  private let path: String
  private let bytes: Int

  init(_ scene: FaultScene) {
    path = scene.folder.diskFiller
    bytes = scene.lab.disk.quotaBytes
  }

  /// With a file that has the size of the disk and no blocks: the app counts sizes, as its disk would be full.
  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    guard descriptor >= 0, ftruncate(descriptor, bytes) == 0 else {
      throw DrillError.didNotTakeHold("\(path): \(String(cString: strerror(errno)))")
    }
    return nil
  }

  func end(_ lab: ControlClient) { unlink(path) }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    hasFailed("HTTP 507") ? "writes are refused with 507" : nil
  }
}
