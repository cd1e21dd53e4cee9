// Where everything of a stage is, once its stacks are there: what whoever deploys tells the app.

import Placement
import Topology

/// The placement of a stage whose services are apart, with stand-ins for what stacks hand out.
public struct FirstPlacement: Equatable, Sendable {
  /// What a stack hands out.
  public struct Output: Hashable, Sendable {
    /// The stack's name.
    public let stack: String
    /// As its template calls it.
    public let name: String

    init<Carried: CarriedValue>(_ output: StackOutput<Carried>) {
      (stack, name) = (output.stack, output.name)
    }
  }

  /// AWS's code of the region that has the table.
  public let region: String
  /// The table's name. The document is the attribute `document` of the item whose `id` is `placement`.
  public let table: Output
  /// Epoch 1, without keys. Hosts that are keys of `hosts` stand for what these name.
  public let document: Placement
  /// What stands where an address is not known before.
  public let hosts: [String: Output]
  /// The secret of each service that calls others: its key is made of it.
  public let keys: [String: Output]

  /// Nil where nobody is to be told: services are not apart, or several regions have them.
  init?(_ blueprint: Blueprint, _ site: RegionStacks) {
    guard blueprint.hasPlacement, let data = site.data, let table = data.placement else { return nil }
    let topology = blueprint.topology
    var hosts: [String: Output] = [:]
    func standIn(_ output: Output) -> String {
      let name = "output-\(hosts.count + 1)"
      if let known = hosts.first(where: { $0.value == output }) { return known.key }
      hosts[name] = output
      return name
    }

    // What lies where is the topology's affair; where on AWS that is comes below.
    let names = topology.tiers.flatMap(\.databases) + Placement.ownDatabases
    var document = topology.placement(of: names) { server, _ in ServerAddress(host: server, port: 1) }
    if let cluster = data.database, let name = topology.soleCluster?.clusterName {
      let members = [Output(cluster.leaderAddress)] + cluster.readers.map { Output($0) }
      document.clusters[name] = .init(members: members.map { ServerAddress(host: standIn($0), port: 5432) })
    }
    document.cache = site.cache.map {
      .servers([ServerAddress(host: standIn(Output($0.address)), port: 6379)], tls: true)
    }
    for (name, service) in document.services {
      let host = "\(name).\(site.region.code).\(blueprint.options.domain)"
      document.services[name] = .init(
        addresses: [ServerAddress(host: host, port: 443)], tls: true, callers: service.callers)
    }
    region = site.region.code
    self.table = Output(table.name)
    self.document = document
    self.hosts = hosts
    keys = Dictionary(data.serviceKeys.map { ($0.service, Output($0.secret)) }) { first, _ in first }
  }
}
