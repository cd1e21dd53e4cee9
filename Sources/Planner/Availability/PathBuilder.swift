// The chains of members that people's requests need, by stage.

import Topology

/// A member of a path in the making.
struct PathMember {
  let name: String
  let composition: Composition
  let constants: [String: Constant]
}

/// Composes reads, writes and files of a sized stage from what AWS promises.
struct PathBuilder {
  let sized: Sized
  private let catalog: Catalog
  /// Of the first region: the others are like it.
  private let zones: [SharedCause]

  init(_ sized: Sized) {
    self.sized = sized
    catalog = sized.audience.catalog
    let outages = catalog.value(.failuresZone) * catalog.value(.recoveryZoneSeconds)
    let availability = 1 - outages / (365.25 * 86_400)
    zones = (0..<sized.shape.zones).map {
      SharedCause(id: "zone \($0 + 1)", availability: availability)
    }
  }

  private var topology: Topology { sized.shape.base }
  private var regions: Int { sized.shape.regions.count }

  func availability(_ composition: Composition) -> Double { composition.availability(sharing: zones) }

  var paths: [(name: String, members: [PathMember])] {
    if topology.has(.hostedPages) { return [("reads", entrance + [part("Amplify Hosting", .slaAmplify)])] }
    let files = topology.has(.objectStore) ? [part("S3", .slaS3)] : [servers(0)]
    return [
      ("reads", entrance + inEveryRegion + readers + sessions),
      ("writes", entrance + inEveryRegion + leader + sessions),
      ("files", entrance + files),
    ]
  }

  private func part(_ name: String, _ key: Catalog.Key) -> PathMember {
    PathMember(
      name: name, composition: .part(Part(name, availability: catalog.value(key))),
      constants: [key.rawValue: catalog[key]])
  }

  private var entrance: [PathMember] {
    [part("Route 53", .slaRoute53)] + (topology.has(.edges) ? [part("CloudFront", .slaCloudFront)] : [])
  }

  /// Load balancers and servers of all layers. One region of several suffices: names and the CDN lead away from one that
  /// does not answer.
  private var inEveryRegion: [PathMember] {
    let members = sized.servers.indices.flatMap { layer -> [PathMember] in
      let balancer = topology.has(.balancer) ? [part("Load balancer of \(title(layer))", .slaAlb)] : []
      let region =
        topology.hasSeveralServers ? [part("EC2 in its region, \(title(layer))", .slaEc2Zones)] : []
      return balancer + region + [servers(layer)]
    }
    guard regions > 1 else { return members }
    // Zones of other regions fail on their own: what is shared there is composed before.
    let other = availability(.series(members.map(\.composition)))
    let others = (1..<regions).map { Composition.part(Part("region \($0 + 1)", availability: other)) }
    let constants = members.reduce(into: [:]) { $0.merge($1.constants) { first, _ in first } }
    return [
      PathMember(
        name: "Balancers and servers: 1 of \(regions) regions suffices",
        composition: .parallel(needed: 1, [.series(members.map(\.composition))] + others),
        constants: constants)
    ]
  }

  private func title(_ layer: Int) -> String { sized.shape.servers[layer].title }

  /// As many servers as the peak needs, of those there are. More than 8 in a zone are taken as 8 larger ones.
  private func servers(_ layer: Int) -> PathMember {
    guard layer < sized.servers.count else { return part("EC2", .slaEc2Single) }
    let count = sized.servers[layer].count
    let perZone = max(1, min(8, count / zones.count))
    let parts = zones.flatMap { zone in
      (0..<perZone).map { index in
        Composition.part(
          Part(
            "\(zone.id) server \(index + 1)", availability: catalog.value(.slaEc2Single), dependsOn: zone.id))
      }
    }
    let needed = perZone * max(1, zones.count - 1)
    let total = zones.count > 1 ? ": \(count - count / zones.count) of \(count) suffice" : ""
    return PathMember(
      name: title(layer) + total, composition: .parallel(needed: needed, parts),
      constants: [Catalog.Key.slaEc2Single, .failuresZone, .recoveryZoneSeconds].named(catalog))
  }

  private var leader: [PathMember] {
    guard sized.database != nil else { return [] }
    return [part("RDS, leader", zones.count > 1 ? .slaRdsZones : .slaRdsSingle)]
  }

  /// Reads go on while the leader or a follower is there.
  private var readers: [PathMember] {
    guard let choice = sized.database, zones.count > 1, choice.count > 1 else { return leader }
    let followers = (1..<choice.count).map { index in
      Composition.part(
        Part(
          "follower \(index)", availability: catalog.value(.slaRdsSingle),
          dependsOn: zones[index % zones.count].id))
    }
    let leader = Composition.part(Part("leader", availability: catalog.value(.slaRdsZones)))
    return [
      PathMember(
        name: "RDS: 1 of \(choice.count) suffices", composition: .parallel(needed: 1, [leader] + followers),
        constants: [Catalog.Key.slaRdsZones, .slaRdsSingle].named(catalog))
    ]
  }

  private var sessions: [PathMember] {
    switch topology.keeper(of: .sessions)?.engine {
    case .redis: [part("ElastiCache, sessions", .slaCacheZones)]
    case .table where regions > 1: [part("DynamoDB in all regions, sessions", .slaDynamoDBGlobal)]
    case .table: [part("DynamoDB, sessions", .slaDynamoDB)]
    default: []
    }
  }
}

extension [Catalog.Key] {
  /// The constants of the keys by their paths.
  func named(_ catalog: Catalog) -> [String: Constant] {
    Dictionary(uniqueKeysWithValues: map { ($0.rawValue, catalog[$0]) })
  }
}
