// Stage 6, half a million users: the app has to be there 99.99 % of the time, and its parts grow at different speeds.
// Every layer stands in three zones. Each service has servers of its own and scales on its own, with a load balancer
// between the layers. Sessions move to a table that any region can replicate later; the cache has copies of those in use.

extension Topology {
  static func stage6(
    of app: AppOutline, for extent: Extent, in region: Region
  ) throws(TopologyError) -> Topology {
    let site = try Site(region, zones: 3, for: .microservices)
    var draft = Draft(.microservices)
    draft.use(site)
    draft.bindAll(to: extent.residency)

    draft.addUsers(of: app)
    draft.addEdges(near: [region])
    draft.addLayers(of: app, in: site)

    draft.addCache("sessions in use, popular reads", in: site)
    draft.add(
      Tier(
        id: "sessions", kind: .sessions, title: "Sessions", subtitle: "table", regions: [region.code],
        holds: [Holding(.sessions)]))
    draft.add(
      Tier(
        id: "objects", kind: .objects, title: "Objects", subtitle: "object store", regions: [region.code],
        holds: [Holding(.objects)]))
    draft.link("cdn", "objects", .files)

    if !app.databases.isEmpty {
      draft.addCluster(
        "database", "Database", holds: app.allHoldings(withSessions: false), in: site,
        followers: 2 + extent.extraFollowers)
      for service in app.services where !service.databases.isEmpty {
        draft.link("service-\(service.name)", "database", .sql)
      }
    }
    for service in app.services {
      let isFront = service.name == app.services.first?.name
      draft.link("service-\(service.name)", "cache", isFront ? .sessionsAndReads : .reads)
    }
    if let front = app.services.first {
      draft.link("service-\(front.name)", "sessions", .sessions)
      draft.link("service-\(front.name)", "objects", .files)
    }
    return try draft.finish()
  }
}

extension Draft {
  /// The load balancers and services of a region: the front, and behind it each service with a load balancer of its
  /// own.
  mutating func addLayers(of app: AppOutline, in site: Site) {
    guard let front = app.services.first else { return }
    let balancer = site.id("load-balancer")
    addLoadBalancer("load-balancer", "Load balancer", "for people", in: site)
    link("cdn", balancer, .requests)
    addService(front, behind: balancer, in: site)
    for service in app.services.dropFirst() {
      let name = "load-balancer-\(service.name)"
      addLoadBalancer(name, "Load balancer", "for \(service.name)", in: site)
      addService(service, behind: site.id(name), in: site)
    }
    for service in app.services {
      for callee in service.calls {
        link(site.id("service-\(service.name)"), site.id("load-balancer-\(callee)"), .calls)
      }
    }
  }

  private mutating func addService(_ service: AppOutline.Service, behind balancer: String, in site: Site) {
    let name = "service-\(service.name)"
    let members = servers(name, service.name, in: site).map { Member(.peer, on: $0, in: site.region) }
    add(
      Tier(
        id: site.id(name), kind: .service, title: service.name, subtitle: "scales on its own",
        members: members,
        scaling: .unplanned(zones: 3, wish: service.scale)))
    link(balancer, site.id(name), .requests)
  }
}
