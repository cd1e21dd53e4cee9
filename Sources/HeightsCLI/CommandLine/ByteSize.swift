// Sizes as people type them.

/// A number of bytes with an optional unit: `100GiB`, `1.5 TiB`, `500MB`, `1048576`.
enum ByteSize {
  private static let units: [(name: String, bytes: Double)] = [
    ("kib", 0x1p10), ("mib", 0x1p20), ("gib", 0x1p30), ("tib", 0x1p40), ("kb", 1e3), ("mb", 1e6),
    ("gb", 1e9), ("tb", 1e12), ("b", 1),
  ]

  /// - Throws: `UsageError` that names the option when the text is no size.
  static func parse(_ text: String, option: String) throws(UsageError) -> Int {
    let lower = text.lowercased()
    let unit = units.first { lower.hasSuffix($0.name) }
    let digits = lower.dropLast(unit?.name.count ?? 0)
    let number = digits.last == " " ? digits.dropLast() : digits
    let isPlain = number.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
    guard isPlain, let value = Double(number), value > 0, value * (unit?.bytes ?? 1) < 0x1p62 else {
      throw UsageError("--\(option) is '\(text)': expected a size such as 100GiB")
    }
    return Int(value * (unit?.bytes ?? 1))
  }
}
