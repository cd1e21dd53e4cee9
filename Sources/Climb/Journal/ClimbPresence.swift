// Who climbs just now, and what: for those who watch. The journal tells what is done, this what is being done.

import Foundation
import Glibc
import Lab

/// What the climber told last, as long as there is one.
struct ClimbPresence: Codable {
  let climber: ProcessIdentity
  let event: ClimbEvent

  /// Nil when nobody climbs: a climber that was killed has left its file, and lives no more.
  static func read(_ path: String) -> ClimbEvent? {
    guard let data = FileManager.default.contents(atPath: path),
      let presence = try? JSONDecoder().decode(ClimbPresence.self, from: data), presence.climber.isAlive
    else { return nil }
    return presence.event
  }
}

/// Keeps the file while a climb is performed.
final class ClimbPresenceFile {
  private static let pause = Duration.milliseconds(500)

  private let path: String
  private let climber = ProcessIdentity.current
  private var lastProgress: ContinuousClock.Instant?

  init(path: String) { self.path = path }

  deinit { unlink(path) }

  /// A step may tell its progress often: some of that is left out. Nothing depends on the file, so a disk that is full
  /// stops nobody.
  func note(_ event: ClimbEvent) {
    if event.event == .progress {
      let now = ContinuousClock.now
      if let lastProgress, now - lastProgress < Self.pause { return }
      lastProgress = now
    }
    guard let data = try? JSONEncoder().encode(ClimbPresence(climber: climber, event: event)) else { return }
    try? data.write(to: URL(fileURLWithPath: path), options: .atomic)
  }
}
