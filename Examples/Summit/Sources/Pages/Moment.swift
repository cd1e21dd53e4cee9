// Times, as people read them and as programs do.

import Glibc
import HeightsKit

/// A moment, in milliseconds since 1970 (UTC).
struct Moment: Sendable {
  let ms: Int64

  /// Such as `3 May 2025, 07:05 UTC`.
  var html: HTML {
    """
    <time datetime="\(formatted("%Y-%m-%dT%H:%M:%SZ"))">\(formatted("%-d %b %Y, %H:%M")) UTC</time>
    """
  }

  /// Such as `May 2025`.
  var month: String { formatted("%B %Y") }

  private func formatted(_ format: String) -> String {
    var seconds = time_t(ms / 1_000)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    var text = [CChar](repeating: 0, count: 64)
    let count = strftime(&text, text.count, format, &parts)
    return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
