// What a process may keep on a disk of its own depends on its stage: later ones throw servers away, disk and all.

import Contract

/// A store that a process would have to keep by itself, at a stage where it would be lost with the process's machine, or
/// where another process would not see it. The app does not start.
public struct StoreError: Error, Equatable, CustomStringConvertible {
  public let description: String
}

extension Environment {
  /// From this stage on databases are on servers of their own.
  private static let databaseServersStage = 3
  /// From this stage on an app has several servers, which see the same objects.
  private static let sharedObjectsStage = 4

  /// `path`, the file of a database that nothing names a server for.
  func ownFile(of database: String, _ placement: Placement, path: String) throws(StoreError) -> String {
    if stage < Self.databaseServersStage { return path }
    // The address counts until there is a placement, which then says it all.
    let missing =
      placement.epoch == 0
      ? "there is no placement at \(placementPath ?? "HEIGHTS_PLACEMENT, which is not set"), and no DATABASE_URL"
      : "the placement at \(placementPath ?? "") (epoch \(placement.epoch)) names no cluster for it"
    throw StoreError(
      description:
        "the database \(database) has no server, and a file of this machine's would be lost: the app is of "
        + "stage \(stage), and \(missing); name its server, or start the app at stage 2 (HEIGHTS_STAGE=2)")
  }

  /// That objects are where all servers see them.
  func checkObjects(of placement: Placement) throws(StoreError) {
    guard stage >= Self.sharedObjectsStage, placement.objects.contains(.folder),
      variables[.filesDirectory] == nil
    else { return }
    throw StoreError(
      description:
        "objects would be in a folder of this machine's, \(filesDirectory), and be lost: the app is of stage "
        + "\(stage); name the folder that its servers share (HEIGHTS_FILES_DIR), or a bucket (HEIGHTS_OBJECTS_BUCKET)"
    )
  }
}
