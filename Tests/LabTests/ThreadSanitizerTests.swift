// What a lock hands from thread to thread is no race, also for ThreadSanitizer: without Tests/ThreadSanitizer it would be one.

import Foundation
import Synchronization
import TestSupport
import Testing

@Suite struct ThreadSanitizerTests {
  /// `@unchecked Sendable` is sound: whoever takes one out of the line has it alone.
  private final class Parcel: @unchecked Sendable {
    var stamps = 0
  }

  private final class Line: Sendable {
    let parcels = Mutex<[Parcel]>([])
  }

  @Test func whatIsHandedOverUnderALockThatManyWantIsNoRace() {
    let (line, end, count) = (Line(), DispatchGroup(), 5_000)
    for _ in 0..<2 {
      end.enter()
      Thread.detachNewThread {
        for _ in 0..<count {
          let parcel = Parcel()
          parcel.stamps += 1
          line.parcels.withLock { $0.append(parcel) }
        }
        end.leave()
      }
    }
    var taken: [Parcel] = []
    // Without a pause, so that whoever hands over and whoever takes have to wait for each other.
    let limit = ContinuousClock.now + .seconds(patienceS)
    while taken.count < 2 * count, ContinuousClock.now < limit {
      taken += line.parcels.withLock { parcels in
        defer { parcels = [] }
        return parcels
      }
    }
    end.waitInTime(for: "all are handed over")
    for parcel in taken { parcel.stamps += 1 }
    #expect(taken.count == 2 * count && taken.allSatisfy { $0.stamps == 2 })
  }
}
