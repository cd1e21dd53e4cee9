// A drill, a climb and a deploy keep out of each other's way.

import TestSupport
import Testing

@testable import Drill
@testable import Lab

@Suite struct DrillLockTests {
  @Test func aDrillIsRefusedWhileAnotherOneOrAClimbOrADeployIsAtWork() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    // Nothing has ever run there: that is told by whoever looks for it.
    #expect(try DrillError.lock(folder) == nil)
    try folder.create()
    let works: [(WorkLock.Work, DrillError)] = [
      (.climb, .climbUnderWay), (.drill, .underWay), (.deploy, .deployUnderWay),
    ]
    for (work, error) in works {
      let lock = try WorkLock(folder, for: work)
      #expect(throws: error) { try DrillError.lock(folder) }
      #expect(throws: error) { try Leftovers.mend(in: folder) }
      withExtendedLifetime(lock) {}
    }
    #expect(try DrillError.lock(folder) != nil)
  }
}
