// The stages as the tests of this folder see them.

import CloudFormation
import Testing
import Topology

/// Deployments of an app like Summit.
enum Stages {
  static let app = AppOutline(
    name: "summit", title: "Summit",
    services: [
      .init(name: "web", databases: [], calls: ["accounts", "posts", "graph"]),
      .init(name: "accounts", databases: ["accounts"]), .init(name: "posts", databases: ["posts"]),
      .init(name: "graph", databases: ["graph"]),
    ],
    databases: ["accounts", "posts", "graph"])

  /// The stage in the regions of those codes; in eu-central-1 (with us-east-1 at stage 7) unless told.
  static func deployment(
    _ stage: Stage, _ codes: [String]? = nil, residency: [String] = [], fresh: Bool = false,
    extent: Extent = Extent()
  ) throws -> Deployment {
    let codes = codes ?? (stage == .sharded ? ["eu-central-1", "us-east-1"] : ["eu-central-1"])
    let regions = try codes.map { try #require(CataloguedRegion.named($0)).region }
    var extent = extent
    extent.residency = residency
    let topology = try Topology.of(app, at: stage, for: extent, in: regions)
    return try Deployment(
      of: topology,
      options: DeploymentOptions(app: app.name, domain: "example.com", keepsPreviousStage: !fresh))
  }
}
