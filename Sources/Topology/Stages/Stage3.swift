// Stage 3, ten users: the backend and the database no longer share one server's memory. The databases move to
// PostgreSQL on a server of its own; the app's server keeps its address and the files that users sent.

extension Topology {
  static func stage3(
    of app: AppOutline, for extent: Extent, in region: Region
  ) throws(TopologyError) -> Topology {
    let site = try Site(region, zones: 1, for: .separateDatabase)
    var draft = Draft(.separateDatabase)
    draft.use(site)
    draft.bindAll(to: extent.residency)
    let server = draft.server("server", "Server", in: site.zones[0], of: site)
    let members = [Member(.peer, on: server, in: region)]

    draft.addUsers(of: app)
    draft.addAddress("Static address", "stays when the server changes", in: region)

    draft.addServices(of: app, on: members)
    if !app.databases.isEmpty {
      draft.addCluster(
        "database", "Database", holds: app.allHoldings(withSessions: true), in: site, followers: 0)
    }
    draft.add(
      Tier(
        id: "objects", kind: .objects, engine: .folder, title: "Objects", subtitle: "folder on disk",
        members: members,
        holds: [Holding(.objects)]))
    return try draft.finish()
  }
}
