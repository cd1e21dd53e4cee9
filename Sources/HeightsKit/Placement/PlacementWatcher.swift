// Notices when the placement's file is replaced.

import Foundation
import Glibc

/// Watches one file, and has each placement of a higher epoch adopted. Loop thread only.
///
/// `@unchecked Sendable` is sound: once it is made, every entry is checked to be on the loop's thread.
final class PlacementWatcher: @unchecked Sendable {
  /// How often the file is looked at besides: a folder may come later than the process, or be on a file system that
  /// tells nothing.
  static let pollMs = 1_000

  /// What a file's change shows in. Each new document is a new file.
  private struct Stamp: Equatable {
    var device: UInt = 0
    var node: UInt = 0
    var sizeBytes: Int = 0
    var changedNs: Int = 0
  }

  private let path: String
  private let adoption: PlacementAdoption
  private let loop: EventLoop
  private var descriptor: Int32 = -1
  private var watch: Watch?
  private var stamp = Stamp()
  /// The newest that was handed over.
  private var handed: Placement
  private var lastWarning = ""
  private var isClosed = false

  init(_ path: String, _ adoption: PlacementAdoption, on loop: EventLoop) {
    self.path = path
    self.adoption = adoption
    self.loop = loop
    handed = adoption.current
  }

  deinit { if descriptor >= 0 { Glibc.close(descriptor) } }

  /// Call once, on the loop.
  func start() {
    loop.checkIsolated()
    poll()
  }

  func close() {
    loop.checkIsolated()
    isClosed = true
    watch?.cancel()
    watch = nil
  }

  private func poll() {
    guard !isClosed else { return }
    if watch == nil { watchFolder() }
    look()
    loop.schedule(afterMs: Self.pollMs) { [weak self] in self?.poll() }
  }

  /// The folder rather than the file, which is another one after each change. Tries again with the next poll.
  private func watchFolder() {
    if descriptor < 0 { descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC)) }
    let folder = (path as NSString).deletingLastPathComponent
    let changes = UInt32(IN_MOVED_TO | IN_CLOSE_WRITE)
    guard descriptor >= 0, inotify_add_watch(descriptor, folder.isEmpty ? "." : folder, changes) >= 0 else {
      return
    }
    watch = try? loop.watch(descriptor, .readable) { [weak self] _ in
      self?.drain()
      self?.look()
    }
  }

  /// What changed doesn't matter: the file is looked at anyway.
  private func drain() {
    var bytes = [UInt8](repeating: 0, count: 4_096)
    while read(descriptor, &bytes, bytes.count) > 0 {}
  }

  private func look() {
    guard let found = Self.stamp(of: path), found != stamp else { return }
    stamp = found
    do {
      guard let placement = try PlacementFile(path).read() else { return }
      take(placement)
    } catch { warn("\(error)") }
  }

  private func take(_ placement: Placement) {
    if placement == handed { return }
    guard placement.epoch > handed.epoch else {
      return warn("\(path) has epoch \(placement.epoch), and \(handed.epoch) was seen: it is not followed")
    }
    handed = placement
    lastWarning = ""
    loop.spawn { [adoption] in await adoption.adopt(placement) }
  }

  /// Once for each reason: what is wrong stays wrong until somebody mends it.
  private func warn(_ reason: String) {
    guard reason != lastWarning else { return }
    lastWarning = reason
    Log.warning("a placement can't be used", [("reason", reason)])
  }

  private static func stamp(of path: String) -> Stamp? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Stamp(
      device: status.st_dev, node: status.st_ino, sizeBytes: status.st_size,
      changedNs: status.st_ctim.tv_sec &* 1_000_000_000 &+ status.st_ctim.tv_nsec)
  }
}
