// What all stacks of a deployment share: the topology, names, and sizes where nobody has planned any.

import Topology

/// A topology that can be exported.
struct Blueprint {
  let topology: Topology
  let options: DeploymentOptions

  var stage: Stage { topology.stage }
  var regions: [Region] { topology.regions }
  /// Where the app began.
  var home: Region { topology.regions[0] }

  init(_ topology: Topology, _ options: DeploymentOptions) throws(DeploymentError) {
    self.topology = topology
    self.options = options
    try checkDomain()
    try checkRegions()
    try checkNames()
  }

  private func checkDomain() throws(DeploymentError) {
    let labels = options.domain.split(separator: ".", omittingEmptySubsequences: false)
    let isName = labels.count >= 2 && labels.allSatisfy(Self.isLabel)
    if isName && options.domain.utf8.count > Self.domainLimit {
      throw DeploymentError(
        "invalid_domain",
        "'\(options.domain)' is too long for a domain: expected at most \(Self.domainLimit) characters, found "
          + "\(options.domain.utf8.count), for a certificate of ACM is made for 64, 'origin.' among them")
    }
    if !isName {
      throw DeploymentError(
        "invalid_domain",
        "'\(options.domain)' can't be a domain: expected a name such as example.com, in lower case")
    }
  }

  /// The first name of a certificate has 64 characters at most (ACM, RequestCertificate), and one of ours is `origin.DOMAIN`.
  private static let domainLimit = 64 - "origin.".utf8.count

  private static func isLabel(_ label: Substring) -> Bool {
    let isFine = label.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
    return isFine && (1...63).contains(label.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
  }

  private func checkRegions() throws(DeploymentError) {
    for region in regions where NetworkPlan.number(of: region.code) == nil {
      throw DeploymentError("unknown_region", "'\(region.code)' is no commercial region of AWS")
    }
    if topology.has(.hostedPages) && !hasAmplify {
      let near = CataloguedRegion.commercial.filter(\.hasAmplifyHosting).map(\.region)
      let geography = home.code.prefix { $0 != "-" }
      let same = near.map(\.code).filter { $0.hasPrefix(geography) }
      let named = (same.isEmpty ? near.map(\.code) : same).joined(separator: ", ")
      throw DeploymentError(
        "no_amplify",
        "\(home.code) has no Amplify Hosting, which the launch page needs: choose one of \(named)")
    }
  }

  var hasAmplify: Bool { CataloguedRegion.named(home.code)?.hasAmplifyHosting ?? false }

  /// Names of the app's that become one in a template.
  private func checkNames() throws(DeploymentError) {
    let names = services.map(\.name) + topology.tiers.flatMap(\.databases)
    var seen: [String: String] = [:]
    for name in names {
      if let other = seen[name.logical], other != name {
        throw DeploymentError(
          "names_too_alike", "'\(other)' and '\(name)' are the same in a template: rename one of them")
      }
      seen[name.logical] = name
    }
  }

  /// The stage before, whose data stays where it is for a climb to move it; nil at a first deployment.
  var keptStage: Stage? { options.keepsPreviousStage ? stage.previous : nil }

  /// Whether people are answered on port 80 too: up to stage 4 servers have addresses of their own there, and at stage 5 who
  /// still has one is led on.
  var answersPlainHTTP: Bool { stage <= .stateless }

  // MARK: Names

  /// The name of the stack of that kind in that region, at every stage the same.
  func name(_ kind: String, in region: String?) -> String {
    let app = options.app.first?.isLetter == true ? options.app : "app-\(options.app)"
    return [app, region, kind].compactMap { $0 }.joined(separator: "-")
  }

  func builder(_ kind: Stack.Kind, named name: String? = nil, in region: String, _ description: String)
    -> StackBuilder
  {
    let scope = kind == .global ? nil : region
    return StackBuilder(
      name: self.name(name ?? kind.rawValue, in: scope), region: region, kind: kind,
      description: "\(options.app): \(description)")
  }

  /// What every resource that can have tags has.
  func tags(_ name: String) -> [Tag] {
    [Tag("Name", "\(options.app)-\(name)"), Tag("heights:app", options.app)]
  }

  /// Adds the parameter for the app's domain.
  func domain(in builder: inout StackBuilder) -> Expression {
    builder.parameter(
      "Domain", "The name that people type.", standard: DeploymentOptions.standIn(for: options.app),
      value: options.domain)
  }

  // MARK: Tiers

  /// The services, the one that answers people first.
  var services: [(name: String, tier: Tier)] {
    services(in: home)
  }

  func services(in region: Region) -> [(name: String, tier: Tier)] {
    topology.tiers.filter { $0.kind == .service && $0.regions.contains(region.code) }.map { tier in
      (String(tier.id.dropFirst("service-".count).prefix { $0 != "." }), tier)
    }
  }

  /// The services that call others over the network, in their order.
  var callers: [String] {
    let called = topology.tiers.filter { $0.engine == .balancer }.flatMap { topology.callers(of: $0) }
    return services.map(\.name).filter { name in called.contains { $0.title == name } }
  }

  /// Whether a deployment writes where everything is: once services are apart. Of several regions nobody does yet.
  var hasPlacement: Bool { topology.hasLayers && regions.count == 1 }

  /// Zones in use in each region: two from the first network on, because a database's subnets need two.
  var zoneCount: Int { max(2, topology.zonesPerRegion) }

  var letters: [String] { Array(["A", "B", "C"].prefix(zoneCount)) }

  /// Clusters that lead in a region, at the last stage.
  func clusters(in region: Region) -> [Tier] {
    topology.tiers.filter { $0.kind == .database && $0.leader?.region == region.code }
  }

  /// Regions that share data with `region`: one law holds there, or none.
  func group(of region: Region) -> [String] {
    topology.tiers.first { $0.kind == .objects && $0.regions.contains(region.code) }?.regions ?? [region.code]
  }

  /// Whether another region's objects are copied to `region`.
  func hasCopies(of region: Region) -> Bool { group(of: region).count > 1 }
}

/// A region with the stacks that have been made for it so far.
struct RegionStacks {
  let region: Region
  var network: NetworkStack?
  var copies: CopiesStack?
  var data: DataStack?
  var clusters: [ClusterStack] = []
  var replicas: ReplicaStack?
  var cache: CacheStack?
  var edge: EdgeStack?
  var gateways: GatewayStack?
  var services: [ComputeStack] = []
  var compute: ComputeStack?

  init(region: Region) { self.region = region }
}

extension String {
  /// As a part of a logical id, which has letters and digits only: `guest-book` is `GuestBook`.
  var logical: String {
    split { !$0.isLetter && !$0.isNumber }.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }
}
