// How far a cluster of servers has come, which requests carry from one to the next.

/// A position in a cluster's write-ahead log (an LSN), in bytes from its beginning.
package struct LogPosition: Comparable, Sendable {
  /// From the beginning of the log.
  package let bytes: UInt64

  /// - Parameter bytes: from the beginning of the log.
  package init(bytes: UInt64) { self.bytes = bytes }

  /// Before every other.
  package static let start = LogPosition(bytes: 0)
  /// Beyond every other.
  package static let end = LogPosition(bytes: .max)

  package static func < (left: LogPosition, right: LogPosition) -> Bool { left.bytes < right.bytes }
}
