// The engines of each host.

import Topology

extension LabHosts {
  func postgres(on host: Host) -> any Engine {
    AbsentEngine(host: host, kind: "postgres", package: "postgresql")
  }
  func etcd(on host: Host, of tier: Tier) -> any Engine {
    AbsentEngine(host: host, kind: "etcd", package: "etcd-server")
  }
  func patroni(on host: Host, of tier: Tier) -> any Engine {
    AbsentEngine(host: host, kind: "patroni", package: "patroni")
  }
  func redis(on host: Host, of tier: Tier) -> any Engine {
    AbsentEngine(host: host, kind: "redis", package: "redis-server")
  }
  func sentinel(on host: Host, of tier: Tier) -> any Engine {
    AbsentEngine(host: host, kind: "sentinel", package: "redis-server")
  }
  func loadBalancer(on host: Host) -> any Engine {
    AbsentEngine(host: host, kind: "haproxy", package: "haproxy")
  }
  func edge(on host: Host) -> any Engine { AbsentEngine(host: host, kind: "varnish", package: "varnish") }
  var objectStore: any Engine { AbsentEngine(host: objectsHost, kind: "ministack", package: "ministack") }
  var frontDoor: any Engine { AbsentEngine(host: frontDoorHost, kind: nil, package: "haproxy") }
  var dns: any Engine { AbsentEngine(host: dnsHost, kind: nil, package: "gdnsd") }
}

/// An engine that can't be started yet.
private struct AbsentEngine: Engine {
  let host: Host
  let kind: String?
  let package: String
  var name: String { kind.map { "\(host.id).\($0)" } ?? host.id }
  var program: String? { nil }
  var arguments: [String] { [] }
  func prepare() throws(LabError) {}
  func isReady() -> Bool { false }
}
