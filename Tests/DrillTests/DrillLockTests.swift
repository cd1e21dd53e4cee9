// A drill and a climb keep out of each other's way.

import TestSupport
import Testing

@testable import Drill
@testable import Lab

@Suite struct DrillLockTests {
  @Test func aDrillIsRefusedWhileAnotherOneOrAClimbIsAtWork() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    // Nothing has ever run there: that is told by whoever looks for it.
    #expect(try DrillError.lock(folder) == nil)
    try folder.create()
    for (work, error) in [(WorkLock.Work.climb, DrillError.climbUnderWay), (.drill, .underWay)] {
      let lock = try WorkLock(folder, for: work)
      #expect(throws: error) { try DrillError.lock(folder) }
      #expect(throws: error) { try Leftovers.mend(in: folder) }
      withExtendedLifetime(lock) {}
    }
    #expect(try DrillError.lock(folder) != nil)
  }
}
