// What the servers of the templates are.

/// The system that servers start with when nobody names another: Debian's own image of Debian 12, for Graviton processors.
public enum ServerImage {
  /// As the kernel names it.
  public static let architecture = "aarch64"
  /// Debian 12's (package libc6).
  public static let glibc = "2.36"

  /// Where it is looked up in each region.
  static let parameter = "resolve:ssm:/aws/service/debian/release/12/latest/arm64"
}
