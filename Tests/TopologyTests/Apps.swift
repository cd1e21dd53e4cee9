// Apps that the tests put into topologies.

import Topology

extension AppOutline {
  /// A service and a database for each function, and one service in front of them.
  static let summit = AppOutline(
    name: "summit", title: "Summit",
    services: [
      .init(name: "web", databases: [], calls: ["accounts", "posts", "graph"]),
      .init(name: "accounts", databases: ["accounts"]), .init(name: "posts", databases: ["posts"]),
      .init(name: "graph", databases: ["graph"]),
    ],
    databases: ["accounts", "posts", "graph"])

  /// A plain app: one service, one database.
  static let guestbook = AppOutline(
    name: "guestbook", title: "Guestbook", services: [.init(name: "web", databases: ["main"])],
    databases: ["main"])

  /// Nothing to store, nothing behind the front.
  static let calculator = AppOutline(
    name: "calculator", title: "Calculator", services: [.init(name: "web", databases: [])], databases: [])

  /// Services that the manifest names itself.
  static let shop = AppOutline(
    name: "shop", title: "Shop",
    services: [
      .init(name: "front", databases: [], calls: ["orders", "stock"]),
      .init(name: "orders", databases: ["orders"], calls: ["stock"]),
      .init(name: "stock", databases: ["stock", "suppliers"]),
    ], databases: ["orders", "stock", "suppliers"])

  static let all = [summit, guestbook, calculator, shop]
}

extension Region {
  static func aws(_ code: String) throws -> Region {
    guard let entry = CataloguedRegion.named(code) else {
      throw TopologyError(element: "region \(code)", problem: "is not in the catalogue")
    }
    return entry.region
  }
}

extension Topology {
  /// Of one region below stage 7, of two at stage 7.
  static func sample(
    _ stage: Stage, of app: AppOutline = .summit, for extent: Extent = Extent(),
    in codes: [String]? = nil
  ) throws -> Topology {
    let codes = codes ?? (stage == .sharded ? ["us-east-1", "us-west-2"] : ["us-east-1"])
    return try Topology.of(app, at: stage, for: extent, in: codes.map(Region.aws))
  }
}
