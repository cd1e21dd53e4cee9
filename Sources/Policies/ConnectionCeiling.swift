// How many connections a process opens to a cluster at most: what its pools keep to, and a plan reckons with.

/// The bounds of an app's pools, for each of its loops, of which it has one for each CPU.
public enum ConnectionCeiling {
  /// For the transactions of one database.
  public static let perDatabase = 4
  /// For the transactions of all databases of a cluster together.
  public static let perCluster = 8
  /// Besides, for the reads of each database.
  public static let readsPerDatabase = 1

  /// All that a loop opens to a cluster that has so many databases.
  public static func perLoop(databases: Int) -> Int {
    min(perCluster, perDatabase * databases) + readsPerDatabase * databases
  }
}
