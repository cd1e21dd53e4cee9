// How PostgreSQL is set up, be it alone or under Patroni.

import Foundation
import Placement
import Policies

/// The users, databases and settings of a cluster.
struct PostgresSettings: Equatable, Sendable {
  static let package = "postgresql"
  static let superuser = "postgres"
  static let replicator = "replicator"
  /// Whom the app is.
  static let app = "app"

  /// Each belongs to the app.
  let databases: [String]
  let secrets: Secrets
  /// Whether writes wait while there is no second copy.
  var isStrict = false

  /// Where Debian puts the programs of the newest version that is installed; nil when none is yet.
  static var folder: String? {
    let root = "/usr/lib/postgresql"
    let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap(Int.init)
    let newest = versions.filter { access("\(root)/\($0)/bin/postgres", X_OK) == 0 }.max()
    return newest.map { "\(root)/\($0)/bin" }
  }

  /// Of the app at its most instances, and of everybody else. A server that runs can't have more without a new start, so it begins
  /// with them.
  let connections: Int

  var parameters: [(name: String, value: String)] {
    let bearable = ConnectionNeed.bearable(memoryBytes: Machine.this.memoryBytes)
    return [("max_connections", String(min(connections, bearable)))] + Self.fixedParameters
  }

  /// The same alone and under Patroni, so that Patroni can take over a server that runs. Time-outs are short: a peer that
  /// hangs is noticed within seconds.
  private static let fixedParameters: [(name: String, value: String)] = [
    ("shared_buffers", "32MB"), ("jit", "off"),
    ("wal_level", "logical"), ("wal_log_hints", "on"), ("max_wal_senders", "32"),
    ("max_replication_slots", "32"), ("max_worker_processes", "12"), ("max_wal_size", "256MB"),
    ("wal_keep_size", "64MB"), ("max_slot_wal_keep_size", "512MB"),
    ("max_prepared_transactions", "0"), ("max_locks_per_transaction", "64"),
    ("track_commit_timestamp", "off"),
    ("hot_standby", "on"), ("hot_standby_feedback", "on"),
    ("wal_sender_timeout", "3s"), ("wal_receiver_timeout", "3s"), ("wal_receiver_status_interval", "1s"),
    ("wal_retrieve_retry_interval", "200ms"), ("tcp_user_timeout", "3s"), ("tcp_keepalives_idle", "2"),
    ("tcp_keepalives_interval", "1"), ("tcp_keepalives_count", "3"), ("log_min_messages", "warning"),
    ("password_encryption", "scram-sha-256"),
  ]

  /// Who may connect, and that a password is asked for.
  static let clients = [
    "host all all 127.0.0.0/8 scram-sha-256",
    "host replication all 127.0.0.0/8 scram-sha-256",
  ]

  /// What a new cluster begins with, a statement a line.
  var firstStatements: String {
    let users = """
      CREATE ROLE \(Self.app) LOGIN CREATEDB PASSWORD '\(secrets.database)';
      CREATE ROLE \(Self.replicator) LOGIN REPLICATION PASSWORD '\(secrets.replication)';
      ALTER ROLE \(Self.superuser) PASSWORD '\(secrets.superuser)';

      """
    return users + databases.map { "CREATE DATABASE \"\($0)\" OWNER \(Self.app);\n" }.joined()
  }
}

extension EngineShell {
  /// The data folder of a PostgreSQL server, below the host's.
  static let postgresData = "data"
  private static let startLimitMs = 60_000

  /// Makes a cluster's first data folder with its users and databases. Done in another folder that is renamed at the
  /// end, so that half a cluster is never taken for a whole one.
  func makePostgresData(_ settings: PostgresSettings, programs: String) throws(LabError) {
    if has("\(Self.postgresData)/PG_VERSION") { return }
    let fresh = Self.postgresData + ".new"
    try remove(fresh)
    try makeFolder(fresh)
    let folder = host.folder + "/" + fresh
    try run(
      "\(programs)/initdb",
      [
        "-D", folder, "-U", PostgresSettings.superuser, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-k",
        "-N",
      ],
      limitMs: Self.startLimitMs)
    try write(settings.firstStatements, to: fresh + "/first.sql")
    // Standard input is the only way in before a server runs.
    try run(
      "/bin/sh",
      ["-c", "exec \"$0\" --single -D \"$1\" postgres <\"$1/first.sql\"", "\(programs)/postgres", folder],
      limitMs: Self.startLimitMs)
    try remove(fresh + "/first.sql")
    try rename(fresh, to: Self.postgresData)
  }

  /// A server that died with its zone has left its pid, and in a new zone another process may have that one. One that
  /// lives keeps it: its Patroni may have died alone.
  func forgetDeadPostgres() throws(LabError) {
    guard let members = zones.members(zone: host.zone, host: host.id) else { return }
    if members.contains(where: { ProcessList.name(of: $0) == "postgres" }) { return }
    try remove(Self.postgresData + "/postmaster.pid")
    // So have its sockets.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: host.outerFolder)) ?? []
    for name in names where name.hasPrefix(".s.PGSQL.") { try remove(name) }
  }
}
