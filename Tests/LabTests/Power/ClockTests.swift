// A host's clock shows what it is told to, at once and to whoever runs there, and uptime goes on as it does.

import Foundation
import Testing

@testable import Lab

@Suite struct ClockTests {
  /// An answer takes a moment.
  private let toleranceSeconds = 30

  private func ahead(_ writer: Writer, _ what: String, of own: Int) throws -> Int {
    try writer.tell(what) - own
  }

  private var now: Int { Int(time(nil)) }
  private var uptime: Int {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec
  }

  @Test(arguments: [3_600, -3_600, 1_000_000])
  func whoRunsAndWhoStartsLaterSeeTheJumpAndItsEnd(aheadSeconds: Int) throws {
    let host = try PowerHost()
    let first = try host.writer()
    #expect(abs(try ahead(first, "now", of: now)) < toleranceSeconds)
    host.power.setClock(aheadSeconds: aheadSeconds)
    let second = try host.writer()
    for writer in [first, second] {
      #expect(abs(try ahead(writer, "now", of: now) - aheadSeconds) < toleranceSeconds)
      #expect(abs(try ahead(writer, "uptime", of: uptime)) < toleranceSeconds)
    }
    host.power.setClock(aheadSeconds: 0)
    for writer in [first, second] { #expect(abs(try ahead(writer, "now", of: now)) < toleranceSeconds) }
  }

  @Test func whoRunsWithoutTheLibraryHasTheMachinesClock() throws {
    let host = try PowerHost()
    let writer = try host.writer(hasLibrary: false)
    host.power.setClock(aheadSeconds: 3_600)
    #expect(!host.power.isAttached)
    #expect(abs(try ahead(writer, "now", of: now)) < toleranceSeconds)
  }
}
