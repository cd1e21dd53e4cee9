// The sizes that AWS rents: instances for apps, databases and caches.

/// A size that can be chosen, with its price in us-east-1.
struct MachineSize: Equatable, Sendable {
  /// AWS's name, such as `c7g.large`, `db.r7g.xlarge` or `cache.t4g.micro`.
  let name: String
  let virtualCPUs: Double
  let memoryGiB: Double
  /// What it may send and receive for as long as it likes; nil where AWS states none.
  let networkGbps: Double?
  /// The share of each vCPU that a burstable size may use for as long as it likes; 1 for the others.
  let baselineShare: Double
  let perHour: Constant

  /// Whether it earns the right to its full speed by being idle: in a long outage of its neighbours it may run out.
  var isBurstable: Bool { baselineShare < 1 || name.hasPrefix("cache.t") }
}

extension [MachineSize] {
  /// Those that a stage may use: from stage 6 on, where 99.99 % is wanted, none that can run out of speed.
  func allowed(burstable: Bool) -> [MachineSize] { burstable ? self : filter { !$0.isBurstable } }
}

extension Catalog {
  /// The rows of a table as sizes, the cheapest first.
  static func sizes(_ table: String, _ constants: [String: Constant]) -> [MachineSize] {
    let prefix = "instances/\(table)/"
    let names = Set(
      constants.keys.filter { $0.hasPrefix(prefix) }.map {
        String($0.dropFirst(prefix.count).prefix { $0 != "/" })
      }
    )
    return names.compactMap { name -> MachineSize? in
      func cell(_ column: String) -> Constant? { constants["\(prefix)\(name)/\(column)"] }
      guard let cpus = cell("vCPU"), let memory = cell("memoryGiB"), let price = cell("perHour") else {
        return nil
      }
      return MachineSize(
        name: name, virtualCPUs: cpus.value, memoryGiB: memory.value, networkGbps: cell("networkGbps")?.value,
        baselineShare: cell("baselineShare")?.value ?? 1, perHour: price)
    }.sorted { ($0.perHour.value, $0.name) < ($1.perHour.value, $1.name) }
  }
}
