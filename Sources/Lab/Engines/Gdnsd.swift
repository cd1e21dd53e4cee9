// gdnsd: the authoritative DNS server that answers for the app's name.

import Files
import Glibc

/// gdnsd's configuration and start, for one name and one static address.
struct Gdnsd: Equatable, Sendable {
  /// Such as `summit.test`; `www.` before it answers the same.
  let name: String
  let port: Int
  /// Its own folder: gdnsd starts in it, and names it as /proc/self/cwd so that no path can be too long for its
  /// control socket or hold a character that its configuration would have to quote.
  let folder: String

  static let address = "127.0.0.1"
  /// Seconds that a resolver may keep an answer.
  static let lifetimeSeconds = 5

  var arguments: [String] { ["-c", "/proc/self/cwd/config", "start"] }

  var configuration: String {
    """
    options => {
      listen => [ \(Self.address):\(port) ]
      run_dir => /proc/self/cwd/run
      state_dir => /proc/self/cwd/state
      zones_default_ttl => \(Self.lifetimeSeconds)
      udp_threads => 1
      tcp_threads => 1
    }

    """
  }

  var zone: String {
    """
    $TTL \(Self.lifetimeSeconds)
    @   SOA ns hostmaster ( 1 60 60 600 \(Self.lifetimeSeconds) )
    @   NS  ns
    @   A   \(Self.address)
    ns  A   \(Self.address)
    www A   \(Self.address)

    """
  }

  /// Writes the configuration; removes that of an earlier name.
  func writeFiles() throws(LabError) {
    for part in ["", "/config", "/config/zones", "/run", "/state"] {
      if mkdir(folder + part, 0o700) != 0, errno != EEXIST {
        throw .system(attempt: "making \(folder + part)", code: errno)
      }
    }
    try AtomicFile.write(configuration, to: folder + "/config/config")
    try AtomicFile.write(zone, to: folder + "/config/zones/" + name)
  }

  /// Where gdnsd is installed; nil when it is not yet.
  static var program: String? {
    ["/usr/sbin/gdnsd", "/usr/local/sbin/gdnsd"].first { (path: String) in access(path, X_OK) == 0 }
  }

  /// Asks it for the name.
  func answers() -> Bool { DNSQuery.isAnswered(name, port: port) }

  /// A port free for UDP and TCP: `preferred` if it is, else any.
  static func freePort(preferred: Int) -> Int? {
    for candidate in [preferred, 0, 0, 0, 0] {
      guard let stream = try? Door(port: candidate).open(),
        let port = LoopbackAddress.port(of: stream.number),
        (try? Door(type: SOCK_DGRAM, port: port).open()) != nil
      else { continue }
      return port
    }
    return nil
  }
}
