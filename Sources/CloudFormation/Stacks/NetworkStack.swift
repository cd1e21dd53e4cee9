// A region's network: it only grows from stage to stage, because what is in it is used by stacks behind it.

import Topology

struct NetworkStack {
  let stack: Stack
  let vpc: StackOutput<ResourceID<VPC>>
  /// In each, one for each zone.
  var publicSubnets: [StackOutput<ResourceID<Subnet>>] = []
  var dataSubnets: [StackOutput<ResourceID<Subnet>>] = []
  var appSubnets: [StackOutput<ResourceID<Subnet>>] = []
  /// The tables of the app's subnets, which lead out through a gateway of the zone.
  var appTables: [StackOutput<ResourceID<RouteTable>>] = []
  /// The names of the zones.
  var zones: [StackOutput<Expression>] = []
  /// Those who come from outside.
  let front: StackOutput<ResourceID<SecurityGroup>>
  let servers: StackOutput<ResourceID<SecurityGroup>>
  var database: StackOutput<ResourceID<SecurityGroup>>?
  var files: StackOutput<ResourceID<SecurityGroup>>?
  var cache: StackOutput<ResourceID<SecurityGroup>>?
  var layers: StackOutput<ResourceID<SecurityGroup>>?

  init(_ blueprint: Blueprint, _ region: Region) {
    // The blueprint has checked that every region has a number.
    let number = NetworkPlan.number(of: region.code) ?? 0
    var plan = Plan(blueprint: blueprint, number: number, region: region.code)
    let vpc = plan.addNetwork()
    let internet = plan.addInternet(vpc)

    for (index, letter) in blueprint.letters.enumerated() {
      let subnet = plan.addSubnet(
        "PublicSubnet\(letter)", NetworkPlan.publicSubnet, index, vpc, internet.table)
      publicSubnets.append(
        plan.builder.output("PublicSubnet\(letter)", subnet.id, "For what has public addresses."))
      zones.append(
        plan.builder.output("Zone\(letter)", subnet.availabilityZone, "The zone of the subnets \(letter)."))
    }
    var tables = [internet.table]
    if !blueprint.stores.isEmpty {
      let table = plan.addTable("DataRouteTable", vpc)
      tables.append(table)
      for (index, letter) in blueprint.letters.enumerated() {
        let subnet = plan.addSubnet("DataSubnet\(letter)", NetworkPlan.dataSubnet, index, vpc, table)
        dataSubnets.append(plan.builder.output("DataSubnet\(letter)", subnet.id, "For what holds data."))
      }
    }
    if blueprint.topology.has(.edges) {
      for (index, letter) in blueprint.letters.enumerated() {
        let table = plan.addTable("AppRouteTable\(letter)", vpc)
        tables.append(table)
        let subnet = plan.addSubnet("AppSubnet\(letter)", NetworkPlan.appSubnet, index, vpc, table)
        appSubnets.append(plan.builder.output("AppSubnet\(letter)", subnet.id, "For the app's servers."))
        appTables.append(
          plan.builder.output(
            "AppRouteTable\(letter)", table.id, "The ways out of the app's subnet \(letter)."))
      }
    }
    for (name, service) in [("S3Endpoint", "s3"), ("DynamoDBEndpoint", "dynamodb")] {
      plan.builder.add(name, GatewayEndpoint(vpc: vpc.id, service: service, tables: tables.map(\.id)))
    }

    let groups = plan.addGroups(vpc)
    self.vpc = plan.builder.output("Vpc", vpc.id, "The network.")
    (front, servers) = (groups.front, groups.servers)
    (database, files, cache, layers) = (groups.database, groups.files, groups.cache, groups.layers)
    stack = plan.builder.stack
  }
}

/// The template in the making.
private struct Plan {
  let blueprint: Blueprint
  let number: Int
  let region: String
  var builder: StackBuilder

  init(blueprint: Blueprint, number: Int, region: String) {
    self.blueprint = blueprint
    self.number = number
    self.region = region
    builder = blueprint.builder(.network, in: region, "the network in \(region)")
  }

  mutating func addNetwork() -> Resource<VPC> {
    builder.add("Vpc", VPC(cidrBlock: NetworkPlan.network(number), tags: blueprint.tags("network")))
  }

  /// The way to the internet, and the table of what is public.
  mutating func addInternet(
    _ vpc: Resource<VPC>
  ) -> (gateway: Resource<InternetGateway>, table: Resource<RouteTable>) {
    let gateway = builder.add("InternetGateway", InternetGateway(tags: blueprint.tags("internet")))
    builder.add("GatewayAttachment", VPCGatewayAttachment(vpc: vpc.id, gateway: gateway.id))
    let table = addTable("PublicRouteTable", vpc)
    builder.add(
      "PublicRoute", Route(table: table.id, gateway: .internet(gateway.id)), after: ["GatewayAttachment"])
    return (gateway, table)
  }

  mutating func addTable(_ logicalID: String, _ vpc: Resource<VPC>) -> Resource<RouteTable> {
    builder.add(logicalID, RouteTable(vpc: vpc.id, tags: blueprint.tags(logicalID)))
  }

  mutating func addSubnet(
    _ logicalID: String, _ cidr: (Int, Int) -> String, _ zone: Int, _ vpc: Resource<VPC>,
    _ table: Resource<RouteTable>
  ) -> Resource<Subnet> {
    let subnet = builder.add(
      logicalID,
      Subnet(
        vpc: vpc.id, cidrBlock: cidr(number, zone), availabilityZone: .selection(zone, .zones),
        tags: blueprint.tags(logicalID)))
    builder.add("\(logicalID)Routes", SubnetRouteTableAssociation(subnet: subnet.id, table: table.id))
    return subnet
  }
}

// MARK: Who may talk to whom

extension Plan {
  struct Groups {
    let front: StackOutput<ResourceID<SecurityGroup>>
    let servers: StackOutput<ResourceID<SecurityGroup>>
    var database: StackOutput<ResourceID<SecurityGroup>>?
    var files: StackOutput<ResourceID<SecurityGroup>>?
    var cache: StackOutput<ResourceID<SecurityGroup>>?
    var layers: StackOutput<ResourceID<SecurityGroup>>?
  }

  private var inside: SecurityGroup.Rule.Peer { .block(.text(NetworkPlan.network(number))) }

  mutating func addGroups(_ vpc: Resource<VPC>) -> Groups {
    let front = addFront(vpc)
    let layers = blueprint.topology.hasLayers ? addLayers(vpc) : nil
    let servers = addServers(vpc, front: front, layers: layers)
    var groups = Groups(
      front: builder.output("FrontSecurityGroup", front.groupID, "Those who answer the public."),
      servers: builder.output("ServersSecurityGroup", servers.groupID, "The app's servers."))
    for store in blueprint.stores { groups[keyPath: store.group] = add(store, vpc, servers) }
    if let layers {
      groups.layers = builder.output(
        "LayersSecurityGroup", layers.groupID, "The load balancers between the layers.")
    }
    return groups
  }

  /// Up to stage 4 the servers themselves answer the public, later the load balancer does.
  private mutating func addFront(_ vpc: Resource<VPC>) -> Resource<SecurityGroup> {
    var ingress = [SecurityGroup.Rule(port: 443, peer: .anywhere, reason: "HTTPS from people.")]
    if blueprint.answersPlainHTTP {
      ingress.append(SecurityGroup.Rule(port: 80, peer: .anywhere, reason: "HTTP from people."))
    }
    return builder.add(
      "FrontSecurityGroup",
      SecurityGroup(
        vpc: vpc.id, description: "Those who answer the public", ingress: ingress,
        egress: [SecurityGroup.Rule(port: 8080, peer: inside, reason: "Requests to the servers.")],
        tags: blueprint.tags("front")),
      accepted: blueprint.answersPlainHTTP
        ? [
          AcceptedRisk(
            check: "CKV_AWS_260",
            reason:
              "The front door answers on port 80 too: up to stage 4 in plain text, from stage 5 with a redirect."
          )
        ]
        : [])
  }

  private mutating func addServers(
    _ vpc: Resource<VPC>, front: Resource<SecurityGroup>, layers: Resource<SecurityGroup>?
  ) -> Resource<SecurityGroup> {
    var ingress = [
      SecurityGroup.Rule(port: 8080, peer: .group(front.groupID), reason: "Requests from the front.")
    ]
    if let layers {
      ingress.append(
        SecurityGroup.Rule(port: 8080, peer: .group(layers.groupID), reason: "Calls from other services."))
    }
    var egress = [
      SecurityGroup.Rule(port: 443, peer: .anywhere, reason: "AWS, and what the app calls.")
    ]
    egress += blueprint.stores.map { SecurityGroup.Rule(port: $0.port, peer: inside, reason: $0.reason) }
    return builder.add(
      "ServersSecurityGroup",
      SecurityGroup(
        vpc: vpc.id, description: "The servers of the app", ingress: ingress, egress: egress,
        tags: blueprint.tags("servers")))
  }

  private mutating func addLayers(_ vpc: Resource<VPC>) -> Resource<SecurityGroup> {
    builder.add(
      "LayersSecurityGroup",
      SecurityGroup(
        vpc: vpc.id, description: "The load balancers between the layers",
        ingress: [SecurityGroup.Rule(port: 443, peer: inside, reason: "Calls from the servers.")],
        egress: [SecurityGroup.Rule(port: 8080, peer: inside, reason: "Calls to the servers.")],
        tags: blueprint.tags("layers")))
  }

  /// What only the app's servers reach, and what reaches nothing itself.
  private mutating func add(
    _ store: Store, _ vpc: Resource<VPC>, _ servers: Resource<SecurityGroup>
  ) -> StackOutput<ResourceID<SecurityGroup>> {
    let group = builder.add(
      "\(store.name)SecurityGroup",
      SecurityGroup(
        vpc: vpc.id, description: "Those who reach \(store.title)",
        ingress: [
          SecurityGroup.Rule(
            port: store.port, peer: .group(servers.groupID), reason: "From the servers of the app.")
        ], egress: [], tags: blueprint.tags(store.name.lowercased())))
    return builder.output("\(store.name)SecurityGroup", group.groupID, "Those who reach \(store.title).")
  }
}

/// Something apart from the servers that keeps data for them.
private struct Store {
  /// Of its logical ids.
  let name: String
  let title: String
  let port: Int
  /// Why servers go there.
  let reason: String
  /// The stage that it came with.
  let first: Stage
  let group: WritableKeyPath<Plan.Groups, StackOutput<ResourceID<SecurityGroup>>?>
}

extension Blueprint {
  /// What the network has room for: also that which the stage has no more, because a network only grows.
  fileprivate var stores: [Store] {
    [
      Store(
        name: "Database", title: "PostgreSQL", port: 5432, reason: "The database.", first: .separateDatabase,
        group: \.database),
      Store(
        name: "Files", title: "the shared folder", port: 2049, reason: "The shared folder.",
        first: .replicated, group: \.files),
      Store(
        name: "Cache", title: "the cache", port: 6379, reason: "The cache.", first: .stateless,
        group: \.cache),
    ].filter { stage >= $0.first }
  }
}
