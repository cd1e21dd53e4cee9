// How sizes are told.

/// Sizes for people.
public enum Bytes {
  /// Such as `1.5 GiB`: one decimal at most, binary units.
  public static func text(_ bytes: Int) -> String {
    var size = Double(bytes)
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
      if size < 1024 { return "\(rounded(size)) \(unit)" }
      size /= 1024
    }
    return "\(rounded(size)) TiB"
  }

  private static func rounded(_ size: Double) -> String {
    let tenths = (size * 10).rounded() / 10
    return Int(exactly: tenths).map(String.init) ?? String(tenths)
  }
}
