// Plans of an app like Summit, for the tests.

import Topology

@testable import Planner

enum Plans {
  static let app = AppOutline(
    name: "summit", title: "Summit",
    services: [.init(name: "web", databases: ["accounts", "posts", "graph"])],
    databases: ["accounts", "posts", "graph"])

  static func planner(_ regions: [String] = ["us-east-1"], mix: RequestMix = .standard) throws -> Planner {
    try Planner(app, mix: mix, catalog: Catalog(), regions: regions)
  }
}
