// Plans of an app like Summit, for the tests.

import Topology
import Workload

@testable import Planner

enum Plans {
  static let app = AppOutline(
    name: "summit", title: "Summit",
    services: [
      .init(name: "web", databases: [], calls: ["accounts", "posts", "graph"]),
      .init(name: "accounts", databases: ["accounts"]), .init(name: "posts", databases: ["posts"]),
      .init(name: "graph", databases: ["graph"]),
    ],
    databases: ["accounts", "posts", "graph"])

  static func planner(_ regions: [String] = ["us-east-1"], workload: Workload = .standard) throws -> Planner {
    try Planner(app, workload: workload, catalog: Catalog(), regions: regions)
  }
}
