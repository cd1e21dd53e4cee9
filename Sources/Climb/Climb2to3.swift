// From the single server to a database of its own, in the order in which it happens.
//
// The app's process stays the same: its databases move while it serves, first a copy that follows what is written, then
// one database after the other behind a fence that its transactions wait at for a moment. Whatever was acknowledged is
// on the disk of whoever has the database at that moment.

import Lab

enum Climb2to3 {
  static let steps = [
    startDatabase, copyRows, compareRows, flipDatabases, recordStage, endCapture,
  ]

  private static let database = "database-a"

  static let startDatabase = ClimbStep(
    name: "start-database", title: "start PostgreSQL on a host of its own",
    run: { lab, say in try lab.send(.startHost(database, stage: 3), say) },
    verify: { lab, _ in try expect("PostgreSQL is ready", lab.view().isReady(database + ".postgres")) },
    // Its data stays, and the next climb begins with it anew.
    undo: { lab, say in try lab.send(.stopHost(database), say) })

  static let copyRows = ClimbStep(
    name: "copy-rows", title: "copy all rows while the app goes on writing",
    run: { lab, say in try Databases.perform(.copy, lab, say) },
    verify: { lab, say in try Databases.ensureDone(.copy, lab, say) },
    // Where nothing has moved yet, the way back takes away what was copied.
    undo: { lab, say in try Databases.perform(.back, lab, say) })

  static let compareRows = ClimbStep(
    name: "compare-rows", title: "compare every row of both",
    run: { lab, say in try Databases.perform(.verify, lab, say) },
    verify: { lab, say in try Databases.ensureDone(.verify, lab, say) },
    undo: { _, _ in })

  static let flipDatabases = ClimbStep(
    name: "flip-databases", title: "move one database after the other to PostgreSQL",
    run: { lab, say in try Databases.perform(.flip, lab, say) },
    verify: { lab, _ in try Databases.expectMoved(lab) },
    undo: { lab, say in try Databases.perform(.back, lab, say) })

  static let recordStage = ClimbStep(
    name: "record-stage", title: "record that the app is at stage 3",
    run: { lab, say in try lab.send(.setStage(3), say) },
    verify: { lab, _ in try expect("the app is at stage 3", lab.view().stage == 3) },
    undo: { lab, say in try lab.send(.setStage(2), say) })

  /// The point of no return. The files of the databases stay as they were when those moved.
  static let endCapture = ClimbStep(
    name: "end-capture", title: "note no longer what would have to go back",
    run: { lab, say in try Databases.perform(.finish, lab, say) },
    verify: { lab, _ in try Databases.expectMoved(lab) },
    // When some of what was written since is noted no more there is no way back, and nothing else must be undone.
    undo: { lab, say in try Databases.perform(.checkBack, lab, say) })
}
