// An instance type of AWS EC2, and what it means on this machine.

/// A size of instance: what a server at stage 2 may use.
public struct InstanceType: Equatable, Sendable {
  /// AWS's name, such as `m7g.large`.
  public let name: String
  /// Threads of a core or cores of their own, as AWS counts them.
  public let virtualCPUs: Int
  /// Of the whole machine.
  public let memoryBytes: Int

  /// Event loops of an app on this type when it runs on a machine with `cores`: one per vCPU, never more than
  /// the machine has, at least one.
  public func eventLoops(cores: Int) -> Int { max(1, min(virtualCPUs, cores)) }

  /// Bytes that the app's cache may hold: a quarter of the type's memory (the rest is for the app, SQLite and
  /// the page cache), no more than an eighth of this machine's memory, at least 16 MiB.
  public func cacheBytes(machineMemoryBytes: Int) -> Int {
    max(16 << 20, min(memoryBytes / 4, machineMemoryBytes / 8))
  }

  /// The disk of a new instance: 8 GiB, the default of an EBS root volume.
  public static let defaultDiskBytes = 8 << 30

  /// The largest gp3 volume: 64 TiB.
  public static let maximumDiskBytes = 65536 << 30

  /// The type that stage 2 starts on.
  public static let standard = "t4g.small"

  /// The type of that name.
  public static func named(_ name: String) -> InstanceType? { catalogue.first { $0.name == name } }
}
