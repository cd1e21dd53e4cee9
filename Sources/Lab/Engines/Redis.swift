// Redis: the cache, a leader and its follower. The sentinels beside them decide who leads.

import Foundation

struct Redis: Engine {
  let host: Host
  let ports: LabPorts
  /// Who leads at first.
  let firstLeader: Host
  let password: String
  let shell: EngineShell

  static let package = "redis-server"

  var kind: EngineKind { .redis }
  var package: String { Self.package }
  var program: String? { Programs.find("redis-server") }
  var arguments: [String] { [host.folder + "/redis.conf"] }
  var losesUnflushed: Bool { true }

  /// What it begins with; later the sentinels and Redis itself write who leads into the file, so that one that comes
  /// back knows whom to follow.
  var configuration: String {
    """
    bind \(host.address)
    bind-source-addr \(host.address)
    port \(ports.redis)
    replica-announce-ip \(host.address)
    requirepass \(password)
    masterauth \(password)
    dir \(host.folder)/redis
    appendonly yes
    appendfsync everysec
    save ""
    maxmemory 128mb
    maxmemory-policy volatile-lru
    repl-diskless-sync-delay 0
    repl-ping-replica-period 1
    repl-timeout 5
    min-replicas-max-lag 2
    \(host == firstLeader ? "" : "replicaof \(firstLeader.address) \(ports.redis)\n")
    """
  }

  func prepare() throws(LabError) {
    try shell.makeFolder("redis")
    if !shell.has("redis.conf") { try shell.write(configuration, to: "redis.conf") }
  }

  private var client: RedisClient {
    RedisClient(address: host.address, port: ports.redis, password: password)
  }

  /// It leads, or has caught up with its leader.
  func isReady() -> Bool {
    guard let facts = client.facts("replication") else { return false }
    return facts["role"] == "master" || facts["master_link_status"] == "up"
  }

  func observe() -> EngineObservation? {
    guard let facts = client.facts("replication"), let role = facts["role"] else { return nil }
    if role == "master" { return EngineObservation(role: .leader) }
    let offsets = ["master_repl_offset", "slave_repl_offset"].compactMap { facts[$0].flatMap { Int($0) } }
    return EngineObservation(
      role: .follower, lagBytes: offsets.count == 2 ? max(0, offsets[0] - offsets[1]) : nil)
  }
}

/// One of three that watch the cache: when two agree that the leader is gone, the follower leads.
struct Sentinel: Engine {
  let host: Host
  let ports: LabPorts
  let firstLeader: Host
  /// Of the cache.
  let password: String
  /// Of the sentinels.
  let ownPassword: String
  /// Of the app, to them.
  let appPassword: String
  let shell: EngineShell

  /// By which clients ask for the leader.
  static let cache = "cache"

  var kind: EngineKind { .sentinel }
  var package: String { Redis.package }
  var program: String? { Programs.find("redis-server") }
  var arguments: [String] { [host.folder + "/sentinel.conf", "--sentinel"] }

  /// What it begins with; later it writes what it has found into the file.
  var configuration: String {
    """
    bind \(host.address)
    port \(ports.sentinel)
    requirepass \(ownPassword)
    user app on >\(appPassword) -@all +auth +sentinel|get-master-addr-by-name
    sentinel sentinel-pass \(ownPassword)
    dir \(host.folder)/sentinel
    sentinel announce-ip \(host.address)
    sentinel monitor \(Self.cache) \(firstLeader.address) \(ports.redis) 2
    sentinel auth-pass \(Self.cache) \(password)
    sentinel down-after-milliseconds \(Self.cache) 1000
    sentinel failover-timeout \(Self.cache) 3000
    sentinel parallel-syncs \(Self.cache) 1

    """
  }

  func prepare() throws(LabError) {
    try shell.makeFolder("sentinel")
    // One of an earlier version would believe whoever asks, or look for its folder where that was. It finds the others again.
    let former = shell.has("sentinel.conf") ? try shell.read("sentinel.conf") : ""
    if !former.contains(ownPassword) || !former.contains("\(host.folder)/sentinel") {
      try shell.write(configuration, to: "sentinel.conf")
    }
  }

  /// It sees a majority that could make another lead.
  func isReady() -> Bool {
    let client = RedisClient(address: host.address, port: ports.sentinel, password: ownPassword)
    return (try? client.ask(["SENTINEL", "CKQUORUM", Self.cache]))?.hasPrefix("OK") ?? false
  }
}
