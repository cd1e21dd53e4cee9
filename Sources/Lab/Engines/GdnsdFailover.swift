// gdnsd where several addresses lead to the app: it answers with those that are healthy.

import Policies

/// From stage 4 on. (With one static address it is `Gdnsd`.)
struct GdnsdFailover: Engine {
  struct Address: Equatable, Sendable {
    let id: String
    let address: String
  }

  let host: Host
  let port: Int
  /// Such as `summit.test`.
  let domain: String
  let addresses: [Address]
  /// Where the addresses are asked whether they are healthy.
  let checkPort: Int
  let checkPath: String
  let shell: EngineShell

  /// Seconds that a resolver may keep an answer.
  static let lifetimeSeconds = 2

  var name: String { host.id }
  var kind: EngineKind { .gdnsd }
  var package: String { "gdnsd" }
  var program: String? { Gdnsd.program }
  var arguments: [String] { ["-c", host.folder + "/config", "start"] }

  var startingConfiguration: String? { configuration + zone }

  func prepare() throws(LabError) {
    for folder in ["config", "config/zones", "run", "state"] { try shell.makeFolder(folder) }
    try shell.write(configuration, to: "config/config")
    try shell.write(zone, to: "config/zones/" + domain)
  }

  private static let checks = HealthChecks.names

  /// One bad answer takes an address away, and one good brings it back.
  var configuration: String {
    """
    options => {
      listen => [ \(host.address):\(port) ]
      run_dir => \(host.folder)/run
      state_dir => \(host.folder)/state
      zones_default_ttl => \(Self.lifetimeSeconds)
      min_ttl => 1
      udp_threads => 1
      tcp_threads => 1
    }
    service_types => {
      app => {
        plugin => http_status
        port => \(checkPort)
        url_path => \(checkPath)
        vhost => \(domain)
        ok_codes => [ 200, 404 ]
        interval => \(Self.checks.intervalMs / 1_000)
        timeout => \(Self.checks.timeoutMs / 1_000)
        up_thresh => \(Self.checks.successes)
        ok_thresh => 1
        down_thresh => \(Self.checks.failures)
      }
    }
    plugins => {
      multifo => {
        app => {
          service_types => app
          up_thresh => 0.01
    \(addresses.map { "      \($0.id) => \($0.address)\n" }.joined())\
        }
      }
    }

    """
  }

  var zone: String {
    """
    $TTL \(Self.lifetimeSeconds)
    @   SOA ns hostmaster ( 1 60 60 600 \(Self.lifetimeSeconds) )
    @   NS  ns
    ns  A   \(host.address)
    @   \(Self.lifetimeSeconds) DYNA multifo!app
    www \(Self.lifetimeSeconds) DYNA multifo!app

    """
  }

  func isReady() -> Bool { DNSQuery.isAnswered(domain, address: host.address, port: port) }
}
