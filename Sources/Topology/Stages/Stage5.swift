// Stage 5, ten thousand users: one server can't carry the load, and a session must not live on the server that began
// it. App servers become stateless and as many as are needed, behind a load balancer. Sessions and popular reads live
// in a cache, files in an object store, with copies at edge locations near the users.

extension Topology {
  static func stage5(
    of app: AppOutline, for extent: Extent, in region: Region
  ) throws(TopologyError) -> Topology {
    let site = try Site(region, zones: 2, for: .stateless)
    var draft = Draft(.stateless)
    draft.use(site)
    draft.bindAll(to: extent.residency)

    draft.addUsers(of: app)
    draft.addEdges(near: [region])
    draft.addLoadBalancer(
      "load-balancer", "Load balancer", "to the server with the fewest requests", in: site)
    draft.link("cdn", "load-balancer", .requests)

    let servers = draft.servers("server", "App server", in: site)
    let members = servers.map { Member(.peer, on: $0, in: region) }
    if let service = app.together {
      let id = "service-\(service.name)"
      draft.add(
        Tier(
          id: id, kind: .service, title: service.name, subtitle: "stateless service", members: members,
          scaling: .unplanned(zones: 2, wish: service.scale)))
      draft.link("load-balancer", id, .requests)
      draft.link(id, "cache", .sessionsAndReads)
      draft.link(id, "objects", .files)
      if !service.databases.isEmpty { draft.link(id, "database", .sql) }
    }
    draft.addCache("sessions and popular reads", holds: [Holding(.sessions)], in: site)
    if !app.databases.isEmpty {
      draft.addCluster(
        "database", "Database", holds: app.allHoldings(withSessions: false), in: site,
        followers: 1 + extent.extraFollowers)
    }
    draft.add(
      Tier(
        id: "objects", kind: .objects, title: "Objects", subtitle: "object store", regions: [region.code],
        holds: [Holding(.objects)]))
    draft.link("cdn", "objects", .files)
    return try draft.finish()
  }
}

extension Draft {
  /// The edges that serve everybody: one near each region, and one far from the first.
  mutating func addEdges(near regions: [Region]) {
    var places = regions.map { CataloguedRegion.named($0.code)?.place ?? $0.name }
    let far = regions[0].code.hasPrefix("us-") ? "Frankfurt" : "N. Virginia"
    if !places.contains(far) { places.append(far) }
    edges = places.enumerated().map { EdgeLocation(id: "edge-\($0.offset + 1)", place: $0.element) }
    add(
      Tier(
        id: "cdn", kind: .cdn, title: "CDN", subtitle: "copies near the users", edges: edges.map(\.id)))
    link("users", "cdn", .encryptedRequests)
  }
}
