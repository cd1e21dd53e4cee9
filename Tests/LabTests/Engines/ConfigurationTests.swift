// What engines are told: the parts on which others rely.

import Foundation
import TestSupport
import Testing
import Topology

@testable import Lab

@Suite struct ConfigurationTests {
  private let hosts: LabPlan
  private let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    let context = try HostContext.forTests(in: temporary)
    hosts = LabPlan(topology: try Topology.of(context.manifest.outline, at: .stateless), context: context)
  }

  @Test func theFrontDoorTakesItsSocketsFromUsAndLeadsToTheEdges() throws {
    let door: HAProxy = try engine("front-door")
    #expect(lines(door.configuration, with: "bind") == ["bind fd@3", "bind fd@4"])
    #expect(lines(door.configuration, with: "balance") == ["balance roundrobin"])
    #expect(
      lines(door.configuration, with: "server ") == [
        "server edge-1 127.7.101.60:8080 check", "server edge-2 127.7.102.60:8080 check",
      ])
    #expect(
      lines(door.configuration, with: "http-check send") == [
        "http-check send meth GET uri /edge-health hdr Host localhost"
      ])
  }

  @Test func whoAsksIsToldByTheFrontDoorAloneAndAddedToBehindIt() throws {
    let (door, balancer): (HAProxy, HAProxy) = (
      try engine("front-door"), try engine("load-balancer-a.haproxy")
    )
    let set = "http-request set-header X-Forwarded-For %[src]"
    #expect(lines(door.configuration, with: "http-request set-header") == [set])
    #expect(lines(door.configuration, with: "option forwardfor") == [])
    #expect(lines(balancer.configuration, with: "http-request set-header") == [])
    #expect(
      lines(balancer.configuration, with: "option forwardfor") == ["option forwardfor except 127.0.0.1"])
    // So that each is known by its address.
    #expect(lines(door.configuration, with: "source ") == ["source 127.7.0.20"])
    #expect(lines(balancer.configuration, with: "source ") == ["source 127.7.1.40"])
    let edge: Varnish = try engine("edge-1.varnish")
    #expect(lines(edge.configuration, with: "acl front_door") == [#"acl front_door { "127.7.0.20"; }"#])
  }

  @Test func aSessionStaysAtOneServerWhereThereIsNoSharedStore() throws {
    let stage4 = LabPlan(
      topology: try Topology.of(hosts.context.manifest.outline, at: .replicated), context: hosts.context)
    let door = try #require(stage4.frontDoor(socketCount: 1) as? HAProxy)
    #expect(lines(door.configuration, with: "balance") == ["balance hash req.cook(session)"])
    #expect(
      lines(door.configuration, with: "server ") == [
        "server server-a 127.7.1.10:8080 check", "server server-b 127.7.2.10:8080 check",
      ])
  }

  @Test func aLoadBalancerKnowsEveryInstanceThatThereCanBe() throws {
    let balancer: HAProxy = try engine("load-balancer-a.haproxy")
    #expect(lines(balancer.configuration, with: "bind") == ["bind 127.7.1.40:8080"])
    #expect(lines(balancer.configuration, with: "server ").count == 8)
    #expect(lines(balancer.configuration, with: "balance") == ["balance leastconn"])
  }

  @Test func aFollowerOfTheCacheBeginsBehindTheFirstAndTheLeaderBehindNobody() throws {
    let (leader, follower): (Redis, Redis) = (try engine("cache-a.redis"), try engine("cache-b.redis"))
    #expect(lines(leader.configuration, with: "replicaof") == [])
    #expect(lines(follower.configuration, with: "replicaof") == ["replicaof 127.7.1.30 6379"])
    #expect(
      lines(leader.configuration, with: "requirepass") == ["requirepass \(hosts.context.secrets.cache)"])
    let sentinel: Sentinel = try engine("cache-c.sentinel")
    #expect(
      lines(sentinel.configuration, with: "sentinel monitor") == ["sentinel monitor cache 127.7.1.30 6379 2"])
  }

  @Test func aMemberOfEtcdWithoutDataBeginsAClusterOnlyWhereThereIsNone() throws {
    let etcd: Etcd = try engine("database-b.etcd")
    let (begins, joins) = ("--initial-cluster-state=new", "--initial-cluster-state=existing")
    #expect(etcd.arguments.contains(begins))
    let other = try #require(etcd.cluster.first { $0 != etcd.host }).outerFolder
    try FileManager.default.createDirectory(
      atPath: other + "/etcd/member/wal", withIntermediateDirectories: true)
    etcd.noteFounding()
    #expect(etcd.arguments.contains(joins))
    // With the last copy the cluster is gone as well.
    try FileManager.default.removeItem(atPath: other)
    try etcd.takePlaceAnew()
    #expect(etcd.arguments.contains(begins))
  }

  @Test func databasesReplicateSynchronouslyAndAreToldByTheirAddresses() throws {
    let patroni: Patroni = try engine("database-b.patroni")
    #expect(patroni.clusterConfiguration["synchronous_mode"] as? Bool == true)
    #expect(patroni.clusterConfiguration["synchronous_mode_strict"] as? Bool == false)
    let own = patroni.configuration("/bin")
    #expect(
      (own["etcd3"] as? [String: Any])?["hosts"] as? [String] == [
        "127.7.1.50:2379", "127.7.2.50:2379", "127.7.3.50:2379",
      ])
    #expect((own["postgresql"] as? [String: Any])?["listen"] as? String == "127.7.2.50:5432")
    #expect(!patroni.isFirst)
    let etcd: Etcd = try engine("database-c.etcd")
    #expect(etcd.arguments.contains("--listen-client-urls=https://127.7.3.50:2379,unix://client:0"))
  }

  @Test func aLeaderAcknowledgesAloneWhenItsConfigurationNamesNobody() {
    #expect(Patroni.namesFollower("shared_buffers = '32MB'\nsynchronous_standby_names = '\"database-b\"'\n"))
    #expect(!Patroni.namesFollower("shared_buffers = '32MB'\nsynchronous_commit = 'on'\n"))
    #expect(!Patroni.namesFollower("synchronous_standby_names = ''\n"))
  }

  @Test func plainPostgresHasTheSettingsThatPatroniWouldGiveIt() throws {
    let stage3 = LabPlan(
      topology: try Topology.of(hosts.context.manifest.outline, at: .separateDatabase), context: hosts.context
    )
    let postgres = try #require(
      stage3.specs.compactMap { process -> Postgres? in
        guard case .engine(let engine) = process.program else { return nil }
        return engine as? Postgres
      }.first)
    for (name, value) in postgres.settings.parameters {
      #expect(lines(postgres.configuration, with: name + " ") == ["\(name) = '\(value)'"])
    }
    #expect(postgres.settings.firstStatements.contains("CREATE DATABASE \"hut\" OWNER app;\n"))
    #expect(postgres.settings.firstStatements.contains("CREATE DATABASE \"sessions\" OWNER app;\n"))
  }

  @Test func aServerAllowsTheAppAtItsMostInstancesAndWasMadeForThemBefore() throws {
    let outline = hosts.context.manifest.outline
    for stage in [Stage.separateDatabase, .replicated, .stateless] {
      let processes = try Topology.of(outline, at: stage).tiers.filter { $0.kind == .service }
        .map(LabPlan.maximum).reduce(0, +)
      #expect(processes <= hosts.mostBeforeServices)
      #expect(stage != .stateless || processes == hosts.mostBeforeServices)
    }
    let patroni: Patroni = try engine("database-a.patroni")
    let allowed = patroni.settings.parameters.filter { $0.name == "max_connections" }.compactMap {
      Int($0.value)
    }
    // The app's database, two of HeightsKit's and the one of the app's name: eight for transactions and four for reads of each loop,
    // and one that looks after the server.
    let need = 8 * (Machine.this.cores * 12 + 1)
    #expect(try #require(allowed.first) > need)
  }

  @Test func aBalancerBelievesAtFirstInTheServersThatAnswerAlone() throws {
    let balancer: HAProxy = try engine("load-balancer-a.haproxy")
    let states = balancer.states(healthy: ["server-b"]).split(separator: "\n").dropFirst(2)
      .map { $0.split(separator: " ") }
    #expect(states.map { $0[3] } == balancer.servers.map { $0.id[...] })
    #expect(states.filter { $0[5] == "2" }.map { $0[3] } == ["server-b"])
    #expect(states.allSatisfy { $0.count == 25 && ["0", "2"].contains($0[5]) })
  }

  @Test func dnsAnswersWithTheEdgesThatAreHealthy() throws {
    let dns: GdnsdFailover = try engine("dns")
    #expect(
      dns.addresses == [
        .init(id: "edge-1", address: "127.7.101.60"), .init(id: "edge-2", address: "127.7.102.60"),
      ])
    #expect(lines(dns.configuration, with: "url_path") == ["url_path => /edge-health"])
    #expect(lines(dns.configuration, with: "listen") == ["listen => [ 127.7.0.53:5353 ]"])
    #expect(lines(dns.zone, with: "www") == ["www 2 DYNA multifo!app"])
  }

  @Test func howServersAreAskedAndLeadersReplacedIsWrittenAsEachEngineReadsIt() throws {
    let balancer: HAProxy = try engine("load-balancer-a.haproxy")
    #expect(lines(balancer.configuration, with: "timeout check") == ["timeout check 700ms"])
    #expect(
      lines(balancer.configuration, with: "default-server") == [
        "default-server inter 500ms fastinter 200ms downinter 300ms fall 2 rise 1 observe layer4 error-limit 3 "
          + "on-error mark-down on-marked-down shutdown-sessions"
      ])
    let edge: Varnish = try engine("edge-1.varnish")
    #expect(
      lines(edge.configuration, with: "probe") == [
        #"probe health { .url = "/lb-health"; .interval = 500ms; .timeout = 400ms; .window = 2; .threshold = 1; "#
          + ".initial = 1; }"
      ])
    let dns: GdnsdFailover = try engine("dns")
    #expect(lines(dns.configuration, with: "interval") == ["interval => 2"])
    #expect(lines(dns.configuration, with: "timeout") == ["timeout => 1"])
    #expect(
      lines(dns.configuration, with: "up_thresh") == ["up_thresh => 1", "up_thresh => 0.01"]
        && lines(dns.configuration, with: "down_thresh") == ["down_thresh => 1"])
    let patroni: Patroni = try engine("database-b.patroni")
    let names = ["ttl", "loop_wait", "retry_timeout", "primary_start_timeout", "primary_stop_timeout"]
    #expect(names.map { patroni.clusterConfiguration[$0] as? Int } == [5, 1, 2, 2, 5])
  }

  private func engine<E: Engine>(_ name: String) throws -> E {
    let process = try #require(hosts.specs.first { $0.name == name })
    guard case .engine(let engine) = process.program else { throw CancellationError() }
    return try #require(engine as? E)
  }

  private func lines(_ text: String, with start: String) -> [String] {
    text.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.filter { $0.hasPrefix(start) }
  }
}
