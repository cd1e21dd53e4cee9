// What those who run, plan and export a topology ask it, in place of which stage it is of.

extension Topology {
  /// The tier with that id; nil when there is none.
  public func tier(_ id: String) -> Tier? { tiers.first { $0.id == id } }

  /// The region with that code; nil when there is none.
  public func region(_ code: String) -> Region? { regions.first { $0.code == code } }

  /// Whether some tier is run by that.
  public func has(_ engine: Tier.Engine) -> Bool { tiers.contains { $0.engine == engine } }

  /// The first tier that has some of that data; nil when none does.
  public func keeper(of data: DataSet) -> Tier? {
    tiers.first { tier in tier.holds.contains { $0.data == data } }
  }

  // MARK: Services

  /// Whether people are led to one of several servers of the app.
  public var hasSeveralServers: Bool { tiers.contains { $0.kind == .service && $0.members.count > 1 } }

  /// Whether each service has servers of its own and scales on its own; before, all share theirs. Of an app that has one
  /// service the tiers look the same either way, so the stage says it.
  public var hasLayers: Bool { stage >= .microservices }

  /// The tiers of the app's services.
  public var services: [Tier] { tiers.filter { $0.kind == .service } }

  /// Who sends requests to a tier: balancers to the servers behind them.
  public func balancers(of service: Tier) -> [Tier] {
    let senders = Set(links.lazy.filter { $0.to == service.id && $0.kind == .requests }.map(\.from))
    return tiers.filter { $0.engine == .balancer && senders.contains($0.id) }
  }

  /// The services that a balancer sends requests to.
  public func services(behind balancer: Tier) -> [Tier] {
    let receivers = Set(links.lazy.filter { $0.from == balancer.id && $0.kind == .requests }.map(\.to))
    return services.filter { receivers.contains($0.id) }
  }

  /// The services that call those behind a balancer; none of the one that people come to.
  public func callers(of balancer: Tier) -> [Tier] {
    let callers = Set(links.lazy.filter { $0.to == balancer.id && $0.kind == .calls }.map(\.from))
    return services.filter { callers.contains($0.id) }
  }

  // MARK: Clusters

  /// The clusters of PostgreSQL.
  public var clusters: [Tier] { tiers.filter { $0.engine == .postgres } }

  /// The cluster that has all databases; nil where there is none, or several share them.
  public var soleCluster: Tier? { clusters.count == 1 ? clusters[0] : nil }

  // MARK: Zones

  /// In how many zones of a region members do their work, at most; 0 where the cloud runs everything.
  public var zonesPerRegion: Int {
    regions.flatMap { region in tiers.map { $0.zoneCount(in: region) } }.max() ?? 0
  }

  /// Whether two zones are left when one fails, as 99.99 % asks for.
  public var leavesTwoZones: Bool { zonesPerRegion > 2 }
}

extension Tier {
  /// Zones of a region with members that do the work: who only votes does none.
  public func zoneCount(in region: Region) -> Int {
    Set(members.filter { $0.region == region.code && $0.role != .witness }.map(\.zone)).count
  }
}
