// Stage 4, a thousand users: one zone may lose its power. A second server stands in another zone, and DNS leads to the
// one that answers. The database gets a follower there: a write is acknowledged when both zones have it, so losing
// either loses nothing. Files lie in a folder that both servers share.

extension Topology {
  static func stage4(
    of app: AppOutline, for extent: Extent, in region: Region
  ) throws(TopologyError) -> Topology {
    let site = try Site(region, zones: 2, for: .replicated)
    var draft = Draft(.replicated)
    draft.use(site)
    draft.bindAll(to: extent.residency)
    let servers = draft.servers("server", "Server", in: site)
    let members = servers.map { Member(.peer, on: $0, in: region) }

    draft.addUsers(of: app)
    draft.addAddress("Static addresses", "one per server; DNS checks their health", in: region)

    draft.addServices(of: app, on: members)
    if !app.databases.isEmpty {
      draft.addCluster(
        "database", "Database", holds: app.allHoldings(withSessions: true), in: site,
        followers: 1 + extent.extraFollowers)
    }
    draft.add(
      Tier(
        id: "objects", kind: .objects, engine: .sharedFolder, title: "Objects", subtitle: "shared folder",
        regions: [region.code],
        holds: [Holding(.objects)]))
    return try draft.finish()
  }
}
