// From stage 5 on: as many servers as the load asks for, without addresses of their own; from stage 6 on a group for
// each service.

import Contract
import Topology

extension ComputePlan {
  /// The servers that answer people, and the names by which these come.
  mutating func addFront() {
    guard let edge = site.edge, let front = blueprint.services(in: region).first else { return }
    let topology = blueprint.topology
    let databases = topology.hasLayers ? databases(of: front.tier) : topology.tiers.flatMap(\.databases)
    addGroup("Front", front, edge.front, databases: databases, isFront: true)
    addOrigin(edge.front)
    addSite()
  }

  /// The servers of a service behind the front, and the name by which it is called.
  mutating func addLayer(_ name: String, _ balancer: EdgeStack.Balancer) {
    guard let service = blueprint.services(in: region).first(where: { $0.name == name }) else { return }
    addGroup("Service", service, balancer, databases: databases(of: service.tier), isFront: false)
    builder.add(
      "ServiceRecord",
      RecordSet(
        zone: builder.input(global.zone), name: Text("\(name).\(region.code).\(domain)").value,
        identifier: region.code, policy: .weight(100),
        target: .alias(
          name: builder.input(balancer.dnsName), zone: builder.input(balancer.zone), followsHealth: true)),
      after: ["ServiceGroup"])
  }

  /// The databases that a service's links lead to, then those beside HeightsKit's own, which every process of an app may ask.
  private func databases(of tier: Tier) -> [String] {
    let reached = Set(blueprint.topology.links.filter { $0.from == tier.id }.map(\.to))
    let tiers = blueprint.topology.tiers
    return
      (tiers.filter { reached.contains($0.id) }
      + tiers.filter { $0.holds.contains { $0.data == .waitlist } }).flatMap(\.databases)
  }

  private mutating func addGroup(
    _ name: String, _ service: (name: String, tier: Tier), _ balancer: EdgeStack.Balancer,
    databases: [String],
    isFront: Bool
  ) {
    guard let network = site.network else { return }
    var (settings, rights) = needs(of: databases, port: 8080, isFront: isFront, name: service.name)
    settings.set("STACK", Expression.stackName)
    settings.set("SIGNAL", "\(name)Group")
    rights.tellStack()
    if blueprint.topology.hasLayers { settings.set(.service, service.name) }
    let profile = rights.profile(name, in: &builder)
    let title = Expression.text("\(blueprint.options.app)-\(service.name)")
    let template = builder.add(
      "\(name)Template",
      LaunchTemplate(
        image: templateImage, instanceType: .text(blueprint.instanceType(of: service.tier)),
        profile: profile.arn,
        groups: [builder.input(network.servers)], userData: Bootstrap.userData(settings, boot), rootGiB: 16,
        name: title))
    let scaling = blueprint.scaling(of: service.tier)
    let group = AutoScalingGroup(
      template: template, subnets: network.appSubnets.map { builder.input($0) },
      targets: [builder.input(balancer.targets)], minimum: scaling.minimum, desired: scaling.desired,
      maximum: scaling.maximum, name: title)
    let added = builder.add("\(name)Group", group, creation: group.creation(), update: group.update())
    builder.add("\(name)Scaling", TargetTracking(group: added.id, targetPercent: scaling.targetPercent))
  }

  // MARK: Names

  /// The name by which the CDN reaches the app: the nearest region that is healthy.
  private mutating func addOrigin(_ front: EdgeStack.Balancer) {
    let name = builder.input(front.dnsName)
    var check: Resource<HealthCheck>?
    if blueprint.regions.count > 1 {
      check = builder.add(
        "RegionHealth",
        HealthCheck(target: .https(name: name), path: Bootstrap.healthPath, tags: blueprint.tags("region")))
    }
    builder.add(
      "OriginRecord",
      RecordSet(
        zone: builder.input(global.zone), name: Text("origin.\(domain)").value, identifier: region.code,
        policy: .latency(region: region.code),
        target: .alias(name: name, zone: builder.input(front.zone), followsHealth: true),
        healthCheck: check?.id),
      after: ["FrontGroup"])
  }

  /// What people type leads to the CDN once the servers behind it answer. In the home only.
  private mutating func addSite() {
    guard let distribution = site.edge?.distribution else { return }
    let name = builder.input(distribution.domainName)
    for (logicalID, type) in [("SiteRecord", "A"), ("SiteRecordIPv6", "AAAA")] {
      builder.add(
        logicalID,
        RecordSet(
          zone: builder.input(global.zone), name: domain, type: type, identifier: "cdn", policy: .weight(100),
          target: .alias(name: name, zone: Resource<Distribution>.zone, followsHealth: false)),
        after: ["FrontGroup"])
    }
  }
}
