// The app's secret: made once, kept in a file that only its owner reads.

import Files
import Glibc

/// Words that nobody can guess.
public enum Secret {
  /// Makes the secret when there is none: 32 random bytes as hexadecimal text. The path, never the secret, is
  /// handed to the app.
  static func ensure(_ folder: AppFolder) throws(LabError) {
    if access(folder.secret, F_OK) == 0 { return }
    try AtomicFile.write(random(byteCount: 32), to: folder.secret)
  }

  /// Random bytes as hexadecimal text.
  public static func random(byteCount: Int) -> String {
    // The system's generator: getrandom on Linux.
    let bytes = (0..<byteCount).map { _ in UInt8.random(in: 0...255) }
    let digits = Array("0123456789abcdef")
    return String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
  }
}
