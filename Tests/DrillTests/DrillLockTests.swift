// A drill, a climb and a deploy keep out of each other's way.

import Foundation
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

  @Test func aDrillWaitsForTheAutoscalerWhichWaitsForNobody() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    let scaling = OneValue<WorkLock>()
    scaling.set(try WorkLock(folder, for: .scaling))
    let (hasLock, end) = (OneValue<Bool>(), DispatchSemaphore(value: 0))
    Thread.detachNewThread {
      hasLock.set((try? DrillError.lock(folder)) != nil)
      end.signal()
    }
    // Longer than whoever finds another drill or a climb looks again.
    usleep(400_000)
    #expect(hasLock.value == nil)
    #expect(scaling.take() != nil)
    end.waitInTime(for: "the drill has its turn")
    #expect(hasLock.value == true)

    let climb = try WorkLock(folder, for: .climb)
    #expect(throws: WorkLock.Failure.held(by: .climb)) { try WorkLock(folder, for: .scaling) }
    withExtendedLifetime(climb) {}
  }
}
