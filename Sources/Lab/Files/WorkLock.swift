// One climb, one deploy or one drill at a time, and no autoscaler beside it: the one changes what the other goes by, or breaks
// what it needs.

import Foundation

/// Held for as long as a climb, a deploy, a drill or the autoscaler is at work on an app. The kernel lets go of it when its holder
/// dies, however it dies.
public final class WorkLock: Sendable {
  /// What has the app to itself.
  public enum Work: String, Sendable {
    case climb, deploy, drill
    /// The lab gives a service more instances, or fewer: who wants the app to itself waits until that is done.
    case scaling
  }

  /// Why it can't be taken now.
  public enum Failure: Error, Equatable {
    /// Another one is at work; nil when it has not yet said what it does.
    case held(by: Work?)
    case system(attempt: String, code: Int32)
  }

  /// Longer than a service takes to get its instances.
  private static let scalingLimitMs = 120_000
  /// Who has just taken it may not have written yet what for.
  private static let writingLimitMs = 200
  private static let pauseUs: UInt32 = 5_000

  private let descriptor: Descriptor

  /// Waits for the autoscaler, for two minutes at most, and for nobody else. The autoscaler waits for nobody.
  /// - Throws: `Failure` when somebody else has it.
  public init(_ folder: AppFolder, for work: Work) throws(Failure) {
    let path = folder.workLock
    descriptor = Descriptor(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    guard descriptor.isOpen else { throw .system(attempt: "opening \(path)", code: errno) }
    let beginMs = Clock.nowMs
    while flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { throw .system(attempt: "locking \(path)", code: errno) }
      let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
      let holder = text.flatMap { Work(rawValue: $0) }
      let limitMs = holder == .scaling ? Self.scalingLimitMs : Self.writingLimitMs
      if work == .scaling || Clock.nowMs - beginMs > limitMs { throw .held(by: holder) }
      usleep(Self.pauseUs)
    }
    ftruncate(descriptor.number, 0)
    _ = work.rawValue.withCString { pwrite(descriptor.number, $0, strlen($0), 0) }
  }
}
