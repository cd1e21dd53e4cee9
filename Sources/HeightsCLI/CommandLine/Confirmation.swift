// A question that is answered with yes or no, on a terminal.

import Glibc

enum Confirmation {
  private static let pauseMs: Int32 = 200

  /// Whether somebody could answer.
  static var isPossible: Bool { isatty(0) == 1 }

  /// True only for a line that says yes. False as well when the input ends, or when `shouldStop` meanwhile.
  static func ask(_ question: String, _ output: Output, shouldStop: () -> Bool) -> Bool {
    output.progress("\(question) [y/N]")
    var line: [UInt8] = []
    while !shouldStop() {
      var input = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
      guard poll(&input, 1, pauseMs) > 0 else { continue }
      var byte: UInt8 = 0
      guard read(0, &byte, 1) == 1 else { return false }
      if byte == UInt8(ascii: "\n") {
        return ["y", "yes"].contains(String(decoding: line, as: UTF8.self).lowercased())
      }
      line.append(byte)
    }
    return false
  }
}
