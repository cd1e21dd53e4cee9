// The ways out of the app's subnets, from stage 5 on: a gateway in each zone, so that a zone's end takes nobody else's.

import Topology

struct GatewayStack {
  let stack: Stack

  /// nil where the network has no subnets for the app yet.
  init?(_ blueprint: Blueprint, _ site: RegionStacks) {
    guard let network = site.network, !network.appTables.isEmpty else { return nil }
    let region = site.region.code
    var builder = blueprint.builder(
      .compute, named: "gateways", in: region, "the ways out for the app's servers in \(region)")
    for (index, letter) in blueprint.letters.enumerated() {
      let tags = blueprint.tags("gateway-\(letter.lowercased())")
      let address = builder.add("GatewayAddress\(letter)", ElasticIP(instance: nil, tags: tags))
      let gateway = builder.add(
        "Gateway\(letter)",
        NatGateway(
          subnet: builder.input(network.publicSubnets[index]), address: address.allocation, tags: tags))
      builder.add(
        "AppRoute\(letter)",
        Route(table: builder.input(network.appTables[index]), gateway: .translation(gateway.id)))
    }
    if blueprint.topology.leavesTwoZones { Self.addFlowLog(blueprint, network, &builder) }
    stack = builder.stack
  }

  /// What the network refused, for whoever has to find out why.
  private static func addFlowLog(
    _ blueprint: Blueprint, _ network: NetworkStack, _ builder: inout StackBuilder
  ) {
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
