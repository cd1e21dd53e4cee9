// What a cluster's connections have done, counted by all loops.

import Synchronization

final class ClusterMetrics: Sendable {
  let leaderReads = Atomic<Int>(0)
  let followerReads = Atomic<Int>(0)
  let readConnections = Atomic<Int>(0)
  let transactionConnections = Atomic<Int>(0)
  /// Statements that found no leader, or not the one they had, and waited to try again.
  let waits = Atomic<Int>(0)

  /// What a connection of a loop's is for.
  enum Purpose { case reads, transactions }

  fileprivate func add(_ number: Int, to purpose: Purpose) {
    switch purpose {
    case .reads: readConnections.add(number, ordering: .relaxed)
    case .transactions: transactionConnections.add(number, ordering: .relaxed)
    }
  }
}

/// Counts a connection for as long as it lives.
final class ConnectionCount {
  private let metrics: ClusterMetrics
  private let purpose: ClusterMetrics.Purpose
  private let share: ConnectionBudget.Share?

  /// - Parameter share: of a budget, given back with the connection.
  init(
    _ metrics: ClusterMetrics, _ purpose: ClusterMetrics.Purpose, _ share: ConnectionBudget.Share? = nil
  ) {
    self.metrics = metrics
    self.purpose = purpose
    self.share = share
    metrics.add(1, to: purpose)
  }

  deinit { metrics.add(-1, to: purpose) }
}

extension MetricsText {
  /// What each cluster is to a process: who leads, who lags, how many connections.
  package mutating func clusters(_ clusters: [PostgresCluster]) {
    if clusters.isEmpty { return }
    func count(_ counter: borrowing Atomic<Int>) -> Double { Double(counter.load(ordering: .relaxed)) }
    begin("database_connections", "gauge", "Connections to the servers of a cluster.")
    for cluster in clusters {
      let metrics = cluster.metrics
      sample(
        "database_connections", [("cluster", cluster.name), ("for", "reads")], count(metrics.readConnections))
      sample(
        "database_connections", [("cluster", cluster.name), ("for", "transactions")],
        count(metrics.transactionConnections))
    }
    begin("database_reads_total", "counter", "Reads outside of transactions, by who answered.")
    for cluster in clusters {
      let metrics = cluster.metrics
      sample(
        "database_reads_total", [("cluster", cluster.name), ("from", "leader")], count(metrics.leaderReads))
      sample(
        "database_reads_total", [("cluster", cluster.name), ("from", "follower")],
        count(metrics.followerReads))
    }
    begin("database_waits_total", "counter", "Tries that had to wait for the leader.")
    for cluster in clusters {
      sample("database_waits_total", [("cluster", cluster.name)], count(cluster.metrics.waits))
    }
    begin(
      "database_second_copy", "gauge",
      "1 while the leader acknowledges a write with a follower's copy, 0 while it does so alone.")
    for cluster in clusters {
      guard let hasSecondCopy = cluster.hasSecondCopy else { continue }
      sample("database_second_copy", [("cluster", cluster.name)], hasSecondCopy ? 1 : 0)
    }
    servers(clusters.map { ($0.name, $0.figures) })
  }

  private mutating func servers(
    _ clusters: [(name: String, figures: (leaderChanges: Int, lagBytes: [(member: String, bytes: Int)]))]
  ) {
    begin("database_leader_changes_total", "counter", "How often another leader was found.")
    for cluster in clusters {
      sample(
        "database_leader_changes_total", [("cluster", cluster.name)], Double(cluster.figures.leaderChanges))
    }
    begin("database_follower_lag_bytes", "gauge", "Log of the leader that a follower has not replayed.")
    for cluster in clusters {
      for lag in cluster.figures.lagBytes {
        sample(
          "database_follower_lag_bytes", [("cluster", cluster.name), ("server", lag.member)],
          Double(lag.bytes))
      }
    }
  }
}
