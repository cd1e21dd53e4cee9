// How full the disk of an instance is.

import Foundation
import Synchronization

/// The size of a data folder against its quota.
public struct DiskUsage: Codable, Equatable, Sendable {
  /// How near the quota is.
  public enum Level: String, Codable, Sendable {
    case normal
    /// 80 % or more.
    case warning
    /// The quota is reached: writes are refused, reads go on.
    case full
  }

  /// Measured, with everything in the data folder.
  public let usedBytes: Int
  /// What may be used.
  public let quotaBytes: Int

  /// - Parameter quotaBytes: what may be used.
  public init(usedBytes: Int, quotaBytes: Int) {
    self.usedBytes = usedBytes
    self.quotaBytes = quotaBytes
  }

  private enum CodingKeys: String, CodingKey {
    case usedBytes, quotaBytes, level
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    usedBytes = try values.decode(Int.self, forKey: .usedBytes)
    quotaBytes = try values.decode(Int.self, forKey: .quotaBytes)
  }

  /// With the level, for those who read the JSON.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(usedBytes, forKey: .usedBytes)
    try values.encode(quotaBytes, forKey: .quotaBytes)
    try values.encode(level, forKey: .level)
  }

  /// By the share of the quota that is used.
  public var level: Level {
    if usedBytes >= quotaBytes { return .full }
    return Double(usedBytes) >= 0.8 * Double(quotaBytes) ? .warning : .normal
  }

  /// The sizes of all files below `folder`, links not followed; what vanishes meanwhile counts nothing.
  public static func measure(_ folder: String) -> Int {
    guard let files = FileManager.default.enumerator(atPath: folder) else { return 0 }
    var total = 0
    for case let name as String in files {
      var status = stat()
      if lstat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG {
        total += Int(status.st_size)
      }
    }
    return total
  }
}

/// Measures a folder no more often than is cheap: at most once a second, and a twentieth of the time.
final class DiskMeter: Sendable {
  private struct Reading {
    var folder = ""
    var usedBytes = 0
    var dueMs = 0
  }

  private let last = Mutex(Reading())

  /// As measured now or a little earlier.
  func usedBytes(_ folder: String) -> Int {
    last.withLock { reading in
      let startMs = Clock.nowMs
      if reading.folder == folder, startMs < reading.dueMs { return reading.usedBytes }
      let usedBytes = DiskUsage.measure(folder)
      let tookMs = Clock.nowMs - startMs
      reading = Reading(folder: folder, usedBytes: usedBytes, dueMs: Clock.nowMs + max(1000, 19 * tookMs))
      return usedBytes
    }
  }
}
