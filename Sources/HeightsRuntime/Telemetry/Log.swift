// Logs: one JSON object a line, on standard error for what happens, on standard output for requests.

import Glibc

/// What happens to the process, for those who run it. Never secrets, never what users wrote.
public enum Log {
  /// What people may want to read later.
  public static func info(_ message: StaticString, _ values: [(String, String)] = []) {
    write("info", message, values)
  }
  /// Something that will go wrong if nobody looks at it.
  public static func warning(_ message: StaticString, _ values: [(String, String)] = []) {
    write("warning", message, values)
  }
  /// Something that went wrong.
  public static func error(_ message: StaticString, _ values: KeyValuePairs<String, String> = [:]) {
    write("error", message, values.map { ($0.key, $0.value) })
  }

  private static func write(_ level: StaticString, _ message: StaticString, _ values: [(String, String)]) {
    var json = JSONWriter(capacity: 256)
    json.object { json in
      json.member("time", LogTime.text())
      json.member("level", "\(level)")
      json.member("message", "\(message)")
      for (name, value) in values { json.member(named: name, value) }
    }
    json.endLine()
    writeAll(json.bytes, to: 2)
  }
}

/// Times as RFC 3339 has them, to the millisecond.
package enum LogTime {
  /// This moment, in UTC.
  package static func text() -> String {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    var seconds = now.tv_sec
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
      guard let text = buffer.baseAddress else { return "" }
      let length = strftime(text, 32, "%Y-%m-%dT%H:%M:%S", &parts)
      let ms = now.tv_nsec / 1_000_000
      for (index, digit) in [ms / 100, ms / 10 % 10, ms % 10].enumerated() {
        text[length + 1 + index] = CChar(48 + digit)
      }
      text[length] = 46
      text[length + 4] = 90
      text[length + 5] = 0
      return String(cString: text)
    }
  }
}

/// Writes all bytes, as far as the descriptor takes them: a log that can't be written stops nothing.
package func writeAll(_ bytes: UnsafeBufferPointer<UInt8>, to descriptor: Int32) {
  var done = 0
  while done < bytes.count {
    let count = write(descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done)
    if count < 0 && errno == EINTR { continue }
    guard count > 0 else { return }
    done += count
  }
}

/// The same of an array.
package func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
  bytes.withUnsafeBufferPointer { writeAll($0, to: descriptor) }
}
