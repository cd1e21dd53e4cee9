// What a climb has to do: the difference between two topologies, as a value.

import Placement

/// From one topology to another: what appears, what goes, what changes, and which data moves.
public struct TopologyDifference: Equatable, Sendable {
  public enum Element: Hashable, Sendable, CustomStringConvertible {
    case region(String), zone(String), edge(String), server(String), tier(String), link(Link)

    public var description: String {
      switch self {
      case .region(let code): "region \(code)"
      case .zone(let id): "zone \(id)"
      case .edge(let id): "edge location \(id)"
      case .server(let id): "server \(id)"
      case .tier(let id): "tier \(id)"
      case .link(let link): "link \(link.from) → \(link.to)"
      }
    }
  }

  /// A tier that stays and is not what it was.
  public struct Change: Equatable, Sendable {
    public let before: Tier
    public let after: Tier

    public var id: String { after.id }
    /// Servers that join and leave the tier.
    public var joining: [String] {
      after.members.map(\.server).filter { !before.members.map(\.server).contains($0) }
    }
    public var leaving: [String] {
      before.members.map(\.server).filter { !after.members.map(\.server).contains($0) }
    }
  }

  /// Data whose durable copy is somewhere else afterwards.
  public struct Move: Hashable, Sendable, CustomStringConvertible {
    public let data: DataSet
    public let shards: ShardRange
    /// Ids of tiers.
    public let from: String
    public let to: String

    public init(_ data: DataSet, shards: ShardRange = .all, from: String, to: String) {
      self.data = data
      self.shards = shards
      self.from = from
      self.to = to
    }

    public var description: String { "\(data), shards \(shards): \(from) → \(to)" }
  }

  /// In the order of the topology after.
  public let appears: [Element]
  /// In the order of the topology before.
  public let goes: [Element]
  public let changes: [Change]
  /// In the order of the topology before.
  public let moves: [Move]

  public var isEmpty: Bool { appears.isEmpty && goes.isEmpty && changes.isEmpty && moves.isEmpty }

  public init(from before: Topology, to after: Topology) {
    let old = before.elements
    let new = after.elements
    let known = Set(old)
    let kept = Set(new)
    appears = new.filter { !known.contains($0) }
    goes = old.filter { !kept.contains($0) }
    // The users are not ours to change: only how many they are is told there.
    changes = before.tiers.filter { $0.kind != .users }.compactMap { tier in
      guard let now = after.tier(tier.id), now != tier else { return nil }
      return Change(before: tier, after: now)
    }
    moves = before.tiers.flatMap { from in
      after.tiers.flatMap { to in from.isSameStore(as: to) ? [] : Self.moves(from: from, to: to) }
    }
  }

  private static func moves(from: Tier, to: Tier) -> [Move] {
    from.holds.flatMap { held in
      to.holds.filter { $0.data == held.data }.compactMap { taken in
        held.shards.intersection(taken.shards).map {
          Move(held.data, shards: $0, from: from.id, to: to.id)
        }
      }
    }
  }
}

extension Topology {
  /// What has to be done to come from here to `other`.
  public func difference(to other: Topology) -> TopologyDifference {
    TopologyDifference(from: self, to: other)
  }

  fileprivate var elements: [TopologyDifference.Element] {
    regions.map { .region($0.code) } + zones.map { .zone($0.id) } + edges.map { .edge($0.id) }
      + servers.map { .server($0.id) } + tiers.map { .tier($0.id) } + links.map { .link($0) }
  }
}

extension Tier {
  /// Whether data that lay in one lies in the other without moving: the same tier, run by the same engine, and the
  /// copy that counts on the same server.
  fileprivate func isSameStore(as other: Tier) -> Bool {
    id == other.id && engine == other.engine
      && (leader ?? members.first)?.server == (other.leader ?? other.members.first)?.server
  }
}
