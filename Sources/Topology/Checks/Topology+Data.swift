// Every shard of every set of data has exactly one home, within the law that binds it.

import Placement

extension Topology {
  /// Throws for shards that two tiers hold or that none does.
  func checkShards() throws(TopologyError) {
    let holdings = tiers.flatMap { tier in tier.holds.map { (tier: tier.id, holding: $0) } }
    let sets = Dictionary(grouping: holdings, by: \.holding.data)
    for (data, parts) in sets.sorted(by: { $0.key.description < $1.key.description }) {
      try checkRanges(of: data, parts: parts.map { (tier: $0.tier, shards: $0.holding.shards) })
    }
  }

  private func checkRanges(
    of data: DataSet, parts: [(tier: String, shards: ShardRange)]
  ) throws(TopologyError) {
    var next = 0
    var before = ""
    for part in parts.sorted(by: { ($0.shards.first, $0.tier) < ($1.shards.first, $1.tier) }) {
      guard part.shards.isPossible else {
        throw TopologyError(
          element: "tier \(part.tier)",
          problem: "holds shards \(part.shards) of \(data); a range lies within \(ShardRange.all)")
      }
      if part.shards.first < next {
        throw TopologyError(
          element: "tier \(part.tier)",
          problem: "holds shards \(part.shards) of \(data), of which \(before) holds some too")
      }
      if part.shards.first > next { throw gap(in: data, from: next, to: part.shards.first - 1) }
      next = part.shards.last + 1
      before = part.tier
    }
    if next < Shard.count { throw gap(in: data, from: next, to: Shard.count - 1) }
  }

  private func gap(in data: DataSet, from first: Int, to last: Int) -> TopologyError {
    TopologyError(
      element: "\(data)", problem: "has no place for its shards \(ShardRange(first: first, last: last))")
  }

  /// Throws for a tier that holds bound shards outside the jurisdiction that binds them.
  func checkResidency() throws(TopologyError) {
    let regions = Dictionary(uniqueKeysWithValues: regions.map { ($0.code, $0) })
    for bound in residency {
      for tier in tiers where tier.holds.contains(where: { $0.shards.overlaps(bound.shards) }) {
        let outside = tier.regions.first { regions[$0]?.jurisdictions.contains(bound.jurisdiction) != true }
        if let outside {
          throw TopologyError(
            element: "tier \(tier.id)",
            problem:
              "would hold data that is bound to \(bound.jurisdiction) (shards \(bound.shards)) in \(outside)")
        }
      }
    }
  }
}
