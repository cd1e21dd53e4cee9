// The wording of each error: what went wrong, where, and what to do next.

import Testing

@testable import Climb

@Suite struct ClimbErrorTests {
  private static let wording: [(error: ClimbError, code: String, message: String)] = [
    (.system(attempt: "opening /x", code: 2), "system", "opening /x: No such file or directory"),
    (
      .alreadyClimbing, "already_climbing",
      "another `heights climb` is at work on this app; wait until it has ended"
    ),
    (
      .drillUnderWay, "drill_under_way",
      "a drill of this app is under way, and breaks what a climb needs; wait until it has ended"
    ),
    (.deployUnderWay, "deploy_under_way", "a deploy of this app is at work; wait until it has ended"),
    (
      .scalingUnderWay, "scaling_under_way",
      "a service still gets its instances, or loses some; try again when `heights status` shows nothing under way"
    ),
    (
      .brokenJournal(path: "/x", line: 3), "broken_journal",
      "/x:3 is not a record of a climb; restore the file, it says how far the climb has come"
    ),
    (
      .otherSteps(recorded: ["a"], expected: ["b", "c"]), "other_steps",
      "the climb was begun by another version of Heights (its steps: a; ours: b, c); finish or undo it with that "
        + "version"
    ),
    (
      .noClimb(from: 7, to: 8), "no_climb",
      "no climb leads from stage 7 to stage 8; climbs lead from each stage to the next, up to "
        + "\(Climb.highestStage)"
    ),
    (
      .nobodyAnswers(role: "app"), "nobody_answers",
      "app does not answer on the public port, so the other process can't leave it; `heights status` shows both"
    ),
    (
      .notSo("the app runs"), "not_so",
      "expected that the app runs, and it is not so; `heights status` shows what is"
    ),
    (
      .adminFailed(process: "app", request: "GET /waitlist", status: 500), "admin_failed",
      "app answered GET /waitlist with status 500; its log says why"
    ),
    (
      .entriesMissing(count: 2, from: "launch", to: "app"), "entries_missing",
      "2 addresses of the waitlist of launch did not arrive in app; none is lost, they are still in the store of "
        + "launch; `heights climb` tries again"
    ),
    (
      .waitlistNotTaken(role: "app"), "waitlist_not_taken",
      "app has no POST /waitlist on its admin socket, and there are addresses to carry; add the route"
    ),
    (
      .entryTooLarge(bytes: 70_000), "entry_too_large",
      "an entry of the waitlist has 70000 bytes, and at most 65536 are carried; shorten or remove it, then climb "
        + "again"
    ),
    (
      .moveFailed("database b: the disk is full", inPostgres: ["a", "c"], inFiles: ["b"]), "move_failed",
      "databases a, c are in PostgreSQL, database b is in SQLite: database b: the disk is full"
    ),
    (
      .unreadableApp("heights.json:3: a comma is missing"), "unreadable_app",
      "heights.json:3: a comma is missing"
    ),
    (
      .noDatabase, "no_database",
      "heights.json names no database, and from stage 3 on what an app keeps is in one; name it in `databases`, or stay "
        + "at stage 2"
    ),
  ]

  @Test(arguments: wording) func isToldSo(error: ClimbError, code: String, message: String) {
    #expect(error.description == message)
    #expect(error.code == code)
  }

  @Test func eachCodeStandsForOneError() {
    let codes = Self.wording.map(\.code)
    #expect(Set(codes).count == codes.count)
    #expect(codes.allSatisfy { $0.allSatisfy { $0.isLowercase || $0 == "_" } })
  }
}
