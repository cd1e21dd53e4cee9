// etcd: the store in which a database cluster agrees on its leader.

import Glibc

/// One member of an etcd cluster.
struct Etcd: Engine {
  let host: Host
  let ports: LabPorts
  /// All members, this one among them.
  let cluster: [Host]
  /// Tells clusters apart that might meet.
  let token: String
  let certificate: EtcdCertificate
  /// A file, there from the moment on in which the members had a majority.
  let mark: String
  let shell: EngineShell

  var kind: EngineKind { .etcd }
  var package: String { "etcd-server" }
  var program: String? { Programs.find("etcd") }
  /// One core and little memory: it has a few keys.
  var environment: [String: String] { ["GOMAXPROCS": "1", "GOGC": "50"] }
  /// A leader hands over to a member that it believes to be there, and waits 6 s for one that has just gone.
  var stopsInTurn: Bool { true }

  /// Beats and elections are slow enough that no healthy leader is deposed because a peer's zone has died, and quick
  /// enough for a new one within a second.
  var arguments: [String] {
    let members = cluster.map { "\($0.id)=\(peerURL(of: $0))" }.joined(separator: ",")
    let options = [
      ("name", host.id), ("data-dir", host.folder + "/etcd"),
      ("listen-peer-urls", peerURL(of: host)), ("initial-advertise-peer-urls", peerURL(of: host)),
      ("listen-client-urls", "\(clientURL),unix://\(Self.socket)"), ("advertise-client-urls", clientURL),
      ("initial-cluster", members), ("initial-cluster-token", token),
      ("initial-cluster-state", isFounded ? "existing" : "new"),
      ("heartbeat-interval", "50"), ("election-timeout", "500"), ("pre-vote", "true"),
      ("auto-compaction-mode", "periodic"), ("auto-compaction-retention", "1h"),
      ("logger", "zap"), ("log-level", "warn"),
    ]
    return (options + proofs).map { "--\($0.0)=\($0.1)" }
  }

  /// Nobody is spoken to who does not show the lab's certificate: neither who asks nor who says that he is a member.
  private var proofs: [(String, String)] {
    let (own, known) = (
      "\(host.folder)/\(EtcdCertificate.file)", "\(host.folder)/\(EtcdCertificate.authorities)"
    )
    return ["", "peer-"].flatMap { side in
      [
        ("\(side)cert-file", own), ("\(side)key-file", own), ("\(side)trusted-ca-file", known),
        ("\(side)client-cert-auth", "true"),
      ]
    }
  }

  /// In the host's folder, where the lab alone gets: it asks there. (etcd wants the form of a host and port.)
  static let socket = "client:0"

  func peerURL(of host: Host) -> String { "https://\(host.address):\(ports.etcdPeers)" }
  private var clientURL: String { "https://\(host.address):\(ports.etcdClients)" }

  func prepare() throws(LabError) {
    // Its members would go on to call each other by http.
    if shell.has("etcd/member"), !shell.has(EtcdCertificate.file) {
      throw .madeByAnEarlierVersion(engine: name)
    }
    try certificate.write(shell)
    try shell.makeFolder("etcd")
    // One that was killed has left it, and then none would start.
    try shell.remove(Self.socket)
    try takePlaceAnew()
  }

  /// It has a leader, and so a majority.
  func isReady() -> Bool {
    guard EtcdClient(host: host).isHealthy() else { return false }
    noteFounding()
    return true
  }

  func observe() -> EngineObservation? {
    EtcdClient(host: host).isLeader().map {
      EngineObservation(role: $0 ? .leader : .follower)
    }
  }
}

/// Where programs of the system are.
enum Programs {
  /// The absolute path of a program; nil when it is not installed.
  static func find(_ name: String) -> String? {
    EngineShell.path.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }
}
