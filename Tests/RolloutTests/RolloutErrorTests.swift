// How a deploy that did not come to its end is told, and who keeps out of whose way.

import TestSupport
import Testing

@testable import Lab
@testable import Rollout

@Suite struct RolloutErrorTests {
  private static let wording: [(error: RolloutError, code: String, message: String)] = [
    (
      .alreadyDeploying, "deploy_under_way",
      "another deploy of this app is at work; wait until it has ended"
    ),
    (.climbUnderWay, "climb_under_way", "a climb of this app is at work; wait until it has ended"),
    (
      .drillUnderWay, "drill_under_way",
      "a drill of this app is under way, and breaks what a deploy needs; wait until it has ended"
    ),
    (
      .climbUnfinished, "climb_unfinished",
      "a climb of this app was begun and has not ended: finish it with `heights climb`, or go back with "
        + "`heights climb --undo`"
    ),
    (
      .noEarlier, "no_earlier_release",
      "nothing that ran before can be gone back to; `heights releases` shows what there is"
    ),
    (.unknownRelease(7, known: [1, 2]), "unknown_release", "there is no release 7 to go to: there are 1, 2"),
    (
      .takenBack(2, running: 1, reason: "why"), "taken_back",
      "release 2 was taken back, and the app runs release 1: why"
    ),
    (.stopped(2, running: 1), "stopped", "stopped: release 2 was taken back, and the app runs release 1"),
    (
      .notTakenBack(2, reason: "why", failure: "what"), "not_taken_back",
      "release 2 was to be taken back (why), and that failed: what; some processes may run it still: "
        + "`heights rollback` tries again"
    ),
    (
      .labGone(2, running: 1), "lab_gone",
      "the lab has ended while release 2 was on its way; the next `heights up` starts release 1, which ran before"
    ),
    (
      .breakingMigrations(2, ["a", "b"]), "breaking_migrations",
      "release 2 and the one that runs can't work side by side, which they do until all processes have changed:\n"
        + "  a\n  b\nTake it in steps: a release that adds and does not need what is to go, then one that removes it "
        + "(docs/deploys.md); or allow it with --allow-breaking-migration, then requests may fail meanwhile, and "
        + "nothing leads back"
    ),
    (.system(attempt: "opening /x", code: 2), "system", "opening /x: No such file or directory"),
  ]

  @Test(arguments: wording) func isToldSo(error: RolloutError, code: String, message: String) {
    #expect(error.description == message && error.code == code)
  }

  @Test func oneAtATime() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    let works: [(WorkLock.Work, RolloutError)] = [
      (.climb, .climbUnderWay), (.drill, .drillUnderWay), (.deploy, .alreadyDeploying),
    ]
    for (work, error) in works {
      let lock = try WorkLock(folder, for: work)
      #expect(throws: error) { try RolloutError.lock(folder) }
      withExtendedLifetime(lock) {}
    }
    #expect(error(of: { _ = try RolloutError.lock(folder) }) == nil)
  }

  private func error(of body: () throws -> Void) -> RolloutError? {
    do { try body() } catch { return error as? RolloutError }
    return nil
  }
}
