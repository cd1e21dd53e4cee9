// SIGINT and SIGTERM as bytes in a pipe, so that a signal is an event like any other.

import CRuntime
import Glibc

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process; `next` tells of them. One at a time.
public final class SignalPipe: Sendable {
  private static let signals = [SIGINT, SIGTERM, SIGHUP]
  private let reader: Descriptor
  private let writer: Descriptor

  /// - Throws: `LabError` when the kernel refuses a pipe.
  public init() throws(LabError) {
    var ends: [Int32] = [-1, -1]
    if pipe(&ends) != 0 { throw .system(attempt: "opening a pipe", code: errno) }
    reader = Descriptor(ends[0])
    writer = Descriptor(ends[1])
    for end in ends {
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
    }
    heights_forward_signals(Self.signals, Self.signals.count, writer.number)
  }

  deinit { heights_forward_signals(Self.signals, Self.signals.count, -1) }

  /// The number of a signal that came; nil after `limitMs` (negative: no limit).
  public func next(limitMs: Int) -> Int32? { next(limitMs: limitMs, orReadable: nil) }

  /// The number of a signal that came; nil after `limitMs` (negative: no limit) or when `other` became readable.
  func next(limitMs: Int, orReadable other: Descriptor?) -> Int32? {
    var polls = ([reader] + (other.map { [$0] } ?? [])).map {
      pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0)
    }
    while poll(&polls, nfds_t(polls.count), Int32(clamping: limitMs)) < 0, errno == EINTR {}
    var number: UInt8 = 0
    return read(reader.number, &number, 1) == 1 ? Int32(number) : nil
  }
}
