// The bounds of a database, in one place.

import Policies

/// How much may wait, run and be kept. The defaults suit an app whose three databases share 64 MiB.
public struct DatabaseLimits: Sendable {
  /// Transactions that may wait for the writer; the next one is refused with `.tooMany`.
  public var queuedTransactions = 4_096
  /// Transactions that share one commit, at most.
  public var batchTransactions = 256
  /// How long a batch may gather before it is committed, in milliseconds.
  public var batchMs = 20
  /// How long a transaction may take from its start to its commit when it names no deadline, in milliseconds.
  public var transactionMs = 5_000
  /// How long one read may take, in milliseconds.
  public var readMs = 5_000
  /// Prepared statements that a connection keeps.
  public var cachedStatements = 128
  /// Pages that the readers keep, over all loops, in bytes.
  public var cacheBytes = 6 << 20
  /// Pages in the write-ahead log from which it is moved into the file. At four times that, readers are waited for.
  public var logPages = 1_000

  /// Connections to a server that a loop's transactions share, besides the one of its reads.
  public var connectionsPerLoop = ConnectionNeed.transactionsOfOne
  /// The same for all databases of a cluster together: what is not used by one is closed when another wants it. So a process
  /// has at most this and a connection for the reads of each database, for each of its loops.
  public var clusterConnectionsPerLoop = ConnectionNeed.transactionsOfAll

  /// The figures above.
  public init() {}
}
