// From the single server to a database of its own, in the order in which it happens.
//
// The app's process stays the same: its databases move while it serves, first a copy that follows what is written, then
// one database after the other behind a fence that its transactions wait at for a moment. Whatever was acknowledged is
// on the disk of whoever has the database at that moment.

import Lab

struct Climb2to3 {
  let change: StageChange

  var steps: [ClimbStep] {
    [startDatabase, copyRows, compareRows, flipDatabases, .record(change), endCapture]
  }

  private var databases: Databases { Databases(change) }

  /// When it is undone its data stays, and the next climb begins with it anew.
  private var startDatabase: ClimbStep {
    .bring(
      "start-database", "start PostgreSQL on a host of its own", change.hosts(.database),
      at: change.to)
  }

  private var copyRows: ClimbStep {
    ClimbStep(
      name: "copy-rows", title: "copy all rows while the app goes on writing",
      run: { [databases] lab, say in try databases.perform(.copy, lab, say) },
      verify: { [databases] lab, say in try databases.ensureDone(.copy, lab, say) },
      // Where nothing has moved yet, the way back takes away what was copied.
      undo: { [databases] lab, say in try databases.perform(.back, lab, say) })
  }

  private var compareRows: ClimbStep {
    ClimbStep(
      name: "compare-rows", title: "compare every row of both, and what they answer to the app",
      run: { [databases] lab, say in
        try databases.ensureCopied(lab, say)
        try databases.perform(.verify, lab, say)
      },
      verify: { [databases] lab, say in try databases.ensureDone(.verify, lab, say) },
      undo: { _, _ in })
  }

  private var flipDatabases: ClimbStep {
    ClimbStep(
      name: "flip-databases", title: "move one database after the other to PostgreSQL",
      run: { [databases] lab, say in
        try databases.ensureCopied(lab, say)
        try databases.perform(.flip, lab, say)
      },
      verify: { [databases] lab, _ in try databases.expectMoved(lab) },
      undo: { [databases] lab, say in try databases.perform(.back, lab, say) })
  }

  /// The point of no return. The files of the databases stay as they were when those moved.
  private var endCapture: ClimbStep {
    ClimbStep(
      name: "end-capture", title: "note no longer what would have to go back",
      run: { [databases] lab, say in try databases.perform(.finish, lab, say) },
      verify: { [databases] lab, _ in try databases.expectMoved(lab) },
      // When some of what was written since is noted no more there is no way back, and nothing else must be undone.
      undo: { [databases] lab, say in try databases.perform(.checkBack, lab, say) })
  }
}
