// From stage 5 on: as many servers as the load asks for, without addresses of their own; from stage 6 on a group for
// each service.

import Topology

extension ComputePlan {
  /// A gateway in each zone, so that a zone's end takes nobody else's way out.
  mutating func addWaysOut() {
    guard let network = site.network else { return }
    for (index, letter) in blueprint.letters.enumerated() {
      let address = builder.add(
        "GatewayAddress\(letter)", ElasticIP(instance: nil, tags: blueprint.tags("gateway-\(letter.lowercased())")))
      let gateway = builder.add(
        "Gateway\(letter)",
        NatGateway(
          subnet: builder.input(network.publicSubnets[index]), address: address.allocation,
          tags: blueprint.tags("gateway-\(letter.lowercased())")))
      builder.add(
        "AppRoute\(letter)",
        Route(table: builder.input(network.appTables[index]), gateway: .translation(gateway.id)))
    }
  }

  mutating func addGroups() {
    guard let edge = site.edge else { return }
    let services = blueprint.services(in: region)
    guard let front = services.first else { return }
    let hasLayers = blueprint.stage >= .microservices
    var others: [String] = []
    if hasLayers {
      for service in services.dropFirst() {
        guard let layer = edge.layers.first(where: { $0.service == service.name }) else { continue }
        let name = "Service\(service.name.logical)"
        addGroup(name, service, layer.balancer, databases: databases(of: service.tier), isFront: false)
        addName("\(name)Record", of: service.name, layer.balancer, after: "\(name)Group")
        others.append("\(name)Group")
      }
    }
    let databases = hasLayers ? databases(of: front.tier) : blueprint.topology.tiers.flatMap(\.databases)
    addGroup("Front", front, edge.front, databases: databases, isFront: true, after: others)
    addOrigin(edge.front)
    addSite()
  }

  /// The databases that a service's links lead to.
  private func databases(of tier: Tier) -> [String] {
    let reached = Set(blueprint.topology.links.filter { $0.from == tier.id }.map(\.to))
    return blueprint.topology.tiers.filter { reached.contains($0.id) }.flatMap(\.databases)
  }

  private mutating func addGroup(
    _ name: String, _ service: (name: String, tier: Tier), _ balancer: EdgeStack.Balancer, databases: [String],
    isFront: Bool, after others: [String] = []
  ) {
    guard let network = site.network else { return }
    var (settings, rights) = needs(of: databases, port: 8080, isFront: isFront, name: service.name)
    settings.set("STACK", Expression.stackName)
    settings.set("SIGNAL", "\(name)Group")
    if blueprint.stage >= .microservices {
      settings.set("HEIGHTS_SERVICE", service.name)
      if isFront { settings.set("HEIGHTS_SERVICES", layerAddresses) }
    }
    let profile = rights.profile(name, in: &builder)
    let title = Expression.text("\(blueprint.options.app)-\(service.name)")
    let template = builder.add(
      "\(name)Template",
      LaunchTemplate(
        image: templateImage, instanceType: .text(blueprint.instanceType(of: service.tier)), profile: profile.arn,
        groups: [builder.input(network.servers)], userData: Bootstrap.userData(settings), rootGiB: 16, name: title))
    let scaling = blueprint.scaling(of: service.tier)
    let group = AutoScalingGroup(
      template: template, subnets: network.appSubnets.map { builder.input($0) },
      targets: [builder.input(balancer.targets)], minimum: scaling.minimum, desired: scaling.desired,
      maximum: scaling.maximum, name: title)
    let ways = blueprint.letters.map { "AppRoute\($0)" }
    let added = builder.add(
      "\(name)Group", group, after: ways + others, creation: group.creation(), update: group.update())
    builder.add("\(name)Scaling", TargetTracking(group: added.id, targetPercent: scaling.targetPercent))
  }

  /// `NAME=https://NAME.REGION.DOMAIN` of each service behind the front; nil where there is none.
  private var layerAddresses: Text? {
    let names = (site.edge?.layers ?? []).map(\.service)
    let pairs: [Text] = names.map { "\($0)=https://\($0).\(region.code).\(domain)" }
    return pairs.isEmpty ? nil : Text.joined(pairs, separator: " ")
  }

  // MARK: Names

  /// The name by which other services of the region call one.
  private mutating func addName(
    _ logicalID: String, of service: String, _ balancer: EdgeStack.Balancer, after group: String
  ) {
    builder.add(
      logicalID,
      RecordSet(
        zone: builder.input(global.zone), name: Text("\(service).\(region.code).\(domain)").value,
        identifier: region.code, policy: .weight(100),
        target: .alias(
          name: builder.input(balancer.dnsName), zone: builder.input(balancer.zone), followsHealth: true)),
      after: [group])
  }

  /// The name by which the CDN reaches the app: the nearest region that is healthy.
  private mutating func addOrigin(_ front: EdgeStack.Balancer) {
    let name = builder.input(front.dnsName)
    var check: Resource<HealthCheck>?
    if blueprint.stage == .sharded {
      check = builder.add(
        "RegionHealth",
        HealthCheck(target: .https(name: name), path: Bootstrap.healthPath, tags: blueprint.tags("region")))
    }
    builder.add(
      "OriginRecord",
      RecordSet(
        zone: builder.input(global.zone), name: Text("origin.\(domain)").value, identifier: region.code,
        policy: .latency(region: region.code),
        target: .alias(name: name, zone: builder.input(front.zone), followsHealth: true), healthCheck: check?.id),
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

  // MARK: What the network refused

  mutating func addFlowLog() {
    guard let network = site.network else { return }
    let group = builder.add("FlowLogGroup", LogGroup(tags: blueprint.tags("flow")), accepted: [.logKey])
    let role = builder.add(
      "FlowLogRole",
      Role(
        service: "vpc-flow-logs.amazonaws.com",
        policies: [
          Role.Policy(
            name: "FlowLog",
            statements: [
              Statement(
                actions: ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                resources: [group.arn])
            ])
        ]))
    builder.add("FlowLog", FlowLog(vpc: builder.input(network.vpc), group: group.id, role: role.arn))
  }
}
