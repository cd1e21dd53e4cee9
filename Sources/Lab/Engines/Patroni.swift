// Patroni: it starts PostgreSQL, agrees through etcd on who leads, and makes a follower lead when the leader is gone.

import Foundation
import Policies

/// One member of a replicated PostgreSQL cluster.
struct Patroni: Engine {
  let host: Host
  let ports: LabPorts
  /// The other members that have data.
  let peers: [Host]
  /// The members of etcd.
  let voters: [Host]
  /// Whether it may lead, and be who has to have a write before that is acknowledged: one in each zone, so that those two are
  /// never in the same. The others answer reads.
  let mayLead: Bool
  /// Begins the cluster where there is none; the others copy what it has.
  let isFirst: Bool
  /// What the cluster is called.
  let scope: String
  let settings: PostgresSettings
  /// Shown to etcd.
  let certificate: EtcdCertificate
  /// The Python that has it; nil when it is not installed.
  let program: String?
  let shell: EngineShell

  static let namespace = "/heights/"
  private static let waitLimitMs = 30_000
  /// Who gives it orders over its REST API.
  private static let commander = "heights"

  var kind: EngineKind { .patroni }
  var package: String { program == nil ? "patroni (PyPI)" : PostgresSettings.package }
  var losesUnflushed: Bool { true }
  var arguments: [String] { ["-c", Self.launch, host.folder + "/patroni.json"] }

  /// Its deadlines go by the time of day: when the clock is set back it would not renew its lease for as long, and lose
  /// the lead. So that time goes by a clock that nobody sets.
  ///
  /// A server that runs as a leader takes a lead that is vacant, whatever others have acknowledged since: one that hung would
  /// take it back in a moment in which its successor has none. So it has to be one that may be promoted as well: the last known
  /// leader, or who was in step with that. Nor does it make its own key in etcd anew, when that is gone, instead of asking who may
  /// lead. And a lease counts from when it was asked for: etcd counts so too, and who hung before it read the answer would take
  /// itself for the leader while another is.
  private static let launch = """
    import runpy, time
    begin = time.time() - time.monotonic()
    time.time = lambda: begin + time.monotonic()
    import patroni.postgresql
    from patroni.ha import Ha
    is_healthiest = Ha.is_healthiest_node
    def may_lead(ha):
        sync = ha.cluster.sync
        is_known = not ha.is_synchronous_mode() or sync.is_empty or sync.matches(ha.state_handler.name, True)
        return is_healthiest(ha) if is_known or not ha.state_handler.is_leader() else False
    Ha.is_healthiest_node = may_lead
    from patroni.dcs.etcd3 import Etcd3
    update_leader = Etcd3._update_leader
    def keep_lead(dcs, leader):
        client, transact = dcs._client, dcs._client.txn
        client.txn = lambda compare, success, failure=None, **more: transact(compare, success, **more)
        try:
            return update_leader(dcs, leader)
        finally:
            del client.txn
    Etcd3._update_leader = keep_lead
    def from_when_asked(renew):
        def renewed(ha, *arguments, **named):
            ha.asked = time.time()
            try:
                return renew(ha, *arguments, **named)
            finally:
                ha.__dict__.pop("asked", None)
        return renewed
    Ha.acquire_lock, Ha.update_lock = from_when_asked(Ha.acquire_lock), from_when_asked(Ha.update_lock)
    def set_is_leader(ha, value):
        with ha._is_leader_lock:
            ha._is_leader = getattr(ha, "asked", time.time()) + ha.dcs.ttl if value else 0
    Ha.set_is_leader = set_is_leader
    runpy.run_module("patroni", run_name="__main__", alter_sys=True)
    """

  func prepare() throws(LabError) {
    guard let programs = PostgresSettings.folder else { throw .engineMissing(engine: name, package: package) }
    // Where no member of etcd runs nobody else has put it there.
    if !shell.has(EtcdCertificate.file) { try certificate.write(shell) }
    let etcd = try reachableEtcd()
    // Before the first member starts: one that finds data does not read it from its own configuration.
    try etcd.putIfAbsent(key("config"), json(clusterConfiguration))
    if isFirst {
      if try !etcd.has(key("initialize")) { try shell.makePostgresData(settings, programs: programs) }
    } else if try !ledLast(etcd) {
      // A member without data would begin a cluster of its own, and one that was a follower may have less than the first,
      // which has run alone meanwhile when a climb was undone. The one that led last must not wait: it has to lead. (Who
      // leads says so himself: etcd's key of the leader comes back with etcd, for as long as a lease.)
      try wait("the first member of the cluster") { peers.contains(where: leads) }
    }
    // A copy that was cut short: what makes a cluster of it comes last. Patroni copies anew where there is nothing.
    if !shell.has("\(EngineShell.postgresData)/global/pg_control") {
      try shell.remove(EngineShell.postgresData)
    }
    try shell.forgetDeadPostgres()
    try shell.write(json(configuration(programs)), to: "patroni.json")
  }

  /// Whether this member was the last to lead. Who promotes himself writes it there first.
  private func ledLast(_ etcd: EtcdClient) throws(LabError) -> Bool {
    struct Synchronous: Decodable { let leader: String? }
    guard let value = try etcd.value(of: key("sync")) else { return false }
    return (try? JSONDecoder().decode(Synchronous.self, from: value))?.leader == host.id
  }

  /// A member that is healthy: right after a power cut that may not be the one of the own zone.
  private func reachableEtcd() throws(LabError) -> EtcdClient {
    let clients = voters.map { EtcdClient(host: $0) }
    try wait("etcd's majority") { clients.contains { $0.isHealthy() } }
    return clients.first { $0.isHealthy() } ?? clients[0]
  }

  private func wait(_ what: String, until isDone: () throws(LabError) -> Bool) throws(LabError) {
    let endMs = Clock.nowMs + Self.waitLimitMs
    while try !isDone() {
      if Clock.nowMs > endMs { throw .timedOut("waiting for \(what)") }
      usleep(50_000)
    }
  }

  private func key(_ name: String) -> String { "\(Self.namespace)\(scope)/\(name)" }

  private func json(_ value: [String: Any]) -> String {
    let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Dictionaries, lists, texts, numbers: they always have a JSON form. JSON is YAML.
    let data = (try? JSONSerialization.data(withJSONObject: value, options: options)) ?? Data()
    return String(decoding: data, as: UTF8.self) + "\n"
  }
}

// Its configuration.
extension Patroni {
  /// What all members share, kept in etcd.
  var clusterConfiguration: [String: Any] {
    let failover = Failover.lab
    return [
      "ttl": failover.leaseSeconds, "loop_wait": failover.roundSeconds,
      "retry_timeout": failover.retrySeconds, "maximum_lag_on_failover": 1_048_576,
      // A write is acknowledged when a second zone has it on disk.
      "synchronous_mode": true, "synchronous_node_count": 1,
      // Otherwise, when there is no second one, the leader goes on alone.
      "synchronous_mode_strict": settings.isStrict,
      "primary_start_timeout": failover.startSeconds, "primary_stop_timeout": failover.stopSeconds,
      "check_timeline": true,
      "postgresql": [
        "use_pg_rewind": true, "use_slots": true, "remove_data_directory_on_rewind_failure": true,
        "remove_data_directory_on_diverged_timelines": true,
        "parameters": Dictionary(settings.parameters.map { ($0.name, $0.value) }) { $1 },
      ],
    ]
  }

  /// What is this member's own.
  func configuration(_ programs: String) -> [String: Any] {
    let superuser = ["username": PostgresSettings.superuser, "password": settings.secrets.superuser]
    let replicator = ["username": PostgresSettings.replicator, "password": settings.secrets.replication]
    return [
      "scope": scope, "namespace": Self.namespace, "name": host.id,
      "log": ["level": "INFO"],
      "restapi": [
        "listen": "\(host.address):\(ports.patroni)", "connect_address": "\(host.address):\(ports.patroni)",
        // Asked of whoever changes something. (Its list of addresses would stop nobody: whoever is on the machine has any
        // of them.)
        "authentication": ["username": Self.commander, "password": settings.secrets.control],
      ],
      "etcd3": [
        "hosts": voters.map { "\($0.address):\(ports.etcdClients)" }, "protocol": "https",
        "cacert": "\(host.folder)/\(EtcdCertificate.authorities)",
        "cert": "\(host.folder)/\(EtcdCertificate.file)", "key": "\(host.folder)/\(EtcdCertificate.file)",
      ],
      "watchdog": ["mode": "off"],
      "tags": ["nofailover": !mayLead, "nosync": !mayLead],
      "postgresql": [
        "listen": "\(host.address):\(ports.postgres)", "connect_address": "\(host.address):\(ports.postgres)",
        "data_dir": host.folder + "/" + EngineShell.postgresData, "bin_dir": programs,
        "pgpass": host.folder + "/pgpass", "pg_hba": PostgresSettings.clients,
        "authentication": ["superuser": superuser, "replication": replicator, "rewind": superuser],
        "create_replica_methods": ["basebackup"], "basebackup": [["checkpoint": "fast"]],
        "parameters": ["unix_socket_directories": host.folder],
      ],
    ]
  }
}

// What it says of itself and of the cluster.
extension Patroni {
  private struct Cluster: Decodable {
    struct Member: Decodable {
      let name: String
      let role: ProcessRole
      let lag: Lag?
    }

    /// Bytes, or the word `unknown`.
    enum Lag: Decodable {
      case bytes(Int)
      case unknown

      init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        self = (try? value.decode(Int.self)).map { .bytes($0) } ?? .unknown
      }
    }

    let members: [Member]
  }

  private var client: HostClient { HostClient(address: host.address, port: ports.patroni) }

  private var cluster: Cluster? {
    guard let answer = try? client.get("/cluster"), answer.status == 200 else { return nil }
    return try? JSONDecoder().decode(Cluster.self, from: Data(answer.body))
  }

  /// It leads, or a leader says that it sends to it, and to one that is in step. The leader's own server is asked: what
  /// the cluster says of its members may be from before a crash. The cluster is asked too: who is not in step by its word
  /// can't take over.
  func isReady() -> Bool {
    if leads(host) { return true }
    guard client.status("/replica") == 200, let cluster,
      cluster.members.contains(where: { $0.role == .synchronousFollower })
    else { return false }
    return peers.contains { peer in
      let streaming = followers(of: peer).filter { $0.state == "streaming" }
      return streaming.contains { $0.name == host.id } && streaming.contains { $0.syncState == "sync" }
    }
  }

  private struct Leader: Decodable {
    struct Follower: Decodable {
      let name: String
      let state: String
      let syncState: String

      enum CodingKeys: String, CodingKey {
        case name = "application_name"
        case state
        case syncState = "sync_state"
      }
    }

    let replication: [Follower]?
  }

  /// Whom a member sends to, if it leads.
  private func followers(of member: Host) -> [Leader.Follower] {
    let client = HostClient(address: member.address, port: ports.patroni)
    guard let answer = try? client.get("/primary"), answer.status == 200 else { return [] }
    return (try? JSONDecoder().decode(Leader.self, from: Data(answer.body)))?.replication ?? []
  }

  var leads: Bool { leads(host) }

  /// Asks the leader, which this is, to let another member lead. Returns before that does.
  func handOver(to member: Host) throws(LabError) {
    var client = client
    let words = Data("\(Self.commander):\(settings.secrets.control)".utf8)
    client.authorization = "Basic " + words.base64EncodedString()
    let answer = try client.post(
      "/switchover", json(["leader": host.id, "candidate": member.id]), limitMs: Self.waitLimitMs)
    if answer.status == 200 || answer.status == 202 { return }
    throw .adminFailed(process: name, request: "POST /switchover", outcome: answer.text)
  }

  /// Whether a write is acknowledged only when a follower has it, as Patroni has told its server last.
  var waitsForFollower: Bool {
    let path = "\(host.outerFolder)/\(EngineShell.postgresData)/postgresql.conf"
    return (try? String(contentsOfFile: path, encoding: .utf8)).map(Self.namesFollower) ?? false
  }

  /// Whether a server's configuration says that it waits for somebody.
  static func namesFollower(_ configuration: String) -> Bool {
    configuration.split(separator: "\n").contains {
      $0.hasPrefix("synchronous_standby_names = ") && !$0.hasSuffix("= ''")
    }
  }

  private func leads(_ member: Host) -> Bool {
    HostClient(address: member.address, port: ports.patroni).status("/primary") == 200
  }

  func observe() -> EngineObservation? {
    guard let own = cluster?.members.first(where: { $0.name == host.id }) else { return nil }
    guard case .bytes(let lagBytes)? = own.lag else { return EngineObservation(role: own.role) }
    return EngineObservation(role: own.role, lagBytes: lagBytes)
  }
}
