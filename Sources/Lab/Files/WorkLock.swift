// One climb, one deploy or one drill at a time: the one changes what the other goes by, or breaks what it needs.

import Foundation

/// Held for as long as a climb, a deploy or a drill is at work on an app. The kernel lets go of it when its holder dies, however it
/// dies.
public final class WorkLock: Sendable {
  /// What has the app to itself.
  public enum Work: String, Sendable { case climb, deploy, drill }

  /// Why it can't be taken now.
  public enum Failure: Error, Equatable {
    /// Another one is at work; nil when it has not yet said what it does.
    case held(by: Work?)
    case system(attempt: String, code: Int32)
  }

  private let descriptor: Descriptor

  /// Does not wait.
  /// - Throws: `Failure` when somebody else has it.
  public init(_ folder: AppFolder, for work: Work) throws(Failure) {
    let path = folder.workLock
    descriptor = Descriptor(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600))
    guard descriptor.isOpen else { throw .system(attempt: "opening \(path)", code: errno) }
    if flock(descriptor.number, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { throw .system(attempt: "locking \(path)", code: errno) }
      let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
      throw .held(by: text.flatMap { Work(rawValue: $0) })
    }
    ftruncate(descriptor.number, 0)
    _ = work.rawValue.withCString { pwrite(descriptor.number, $0, strlen($0), 0) }
  }
}
