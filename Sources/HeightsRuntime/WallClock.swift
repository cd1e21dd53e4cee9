// The time of day, for what is stored.

import Glibc

/// Milliseconds since 1970 (UTC).
public func wallClockMs() -> Int64 {
  var now = timespec()
  clock_gettime(CLOCK_REALTIME, &now)
  return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
}
