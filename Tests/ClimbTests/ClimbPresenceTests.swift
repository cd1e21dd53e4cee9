// Whoever watches sees what a climber does, and that there is none.

import Foundation
import TestSupport
import Testing

@testable import Climb
@testable import Lab

@Suite struct ClimbPresenceTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path + "/now.json" }

  init() throws { folder = try TemporaryFolder() }

  private func event(_ kind: ClimbEvent.Kind, _ text: String) -> ClimbEvent {
    ClimbEvent(event: kind, operation: .run, step: "walk", number: 1, count: 2, text: text, progress: nil)
  }

  @Test func whatTheClimberToldLastIsSeenUntilItEnds() throws {
    var file: ClimbPresenceFile? = ClimbPresenceFile(path: path)
    #expect(ClimbPresence.read(path) == nil)
    file?.note(event(.starts, "walk"))
    file?.note(event(.progress, "half way"))
    #expect(ClimbPresence.read(path) == event(.progress, "half way"))
    file = nil
    #expect(ClimbPresence.read(path) == nil)
  }

  @Test func progressThatIsToldOftenIsLeftOut() {
    let file = ClimbPresenceFile(path: path)
    for percent in 1...100 { file.note(event(.progress, "\(percent) %")) }
    #expect(ClimbPresence.read(path) != event(.progress, "100 %"))
    file.note(event(.failed, "no rope"))
    #expect(ClimbPresence.read(path) == event(.failed, "no rope"))
    withExtendedLifetime(file) {}
  }

  @Test func aClimberThatWasKilledIsNotSeen() throws {
    let dead = ProcessIdentity(pid: getpid(), startTicks: 1, bootID: ProcessIdentity.current.bootID)
    let left = ClimbPresence(climber: dead, event: event(.starts, "walk"))
    try JSONEncoder().encode(left).write(to: URL(fileURLWithPath: path))
    #expect(ClimbPresence.read(path) == nil)
  }

  @Test func rubbishInItsPlaceIsNobody() throws {
    try Data("{".utf8).write(to: URL(fileURLWithPath: path))
    #expect(ClimbPresence.read(path) == nil)
  }
}
