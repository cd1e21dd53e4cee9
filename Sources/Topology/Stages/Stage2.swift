// Stage 2, the first users: the app and its databases share one instance with a static address, so that DNS need
// never change. When the instance grows too small it is replaced by a larger one (vertical scaling). Its zone is
// the one thing that must not fail.

extension Topology {
  static func stage2(
    of app: AppOutline, for extent: Extent, in region: Region
  ) throws(TopologyError) -> Topology {
    let site = try Site(region, zones: 1, for: .singleServer)
    var draft = Draft(.singleServer)
    draft.use(site)
    draft.bindAll(to: extent.residency)
    let server = draft.server("server", "Server", in: site.zones[0], of: site)
    let members = [Member(.peer, on: server, in: region)]

    draft.addUsers(of: app)
    draft.addAddress("Static address", "stays when the server changes", in: region)

    if let service = app.together {
      let id = "service-\(service.name)"
      draft.add(Tier(id: id, kind: .service, title: service.name, subtitle: "service", members: members))
      draft.link("address", id, .requests)
      draft.link(id, "objects", .files)
      for database in service.databases { draft.link(id, "database-\(database)", .sql) }
    }
    for database in app.databases {
      draft.add(
        Tier(
          id: "database-\(database)", kind: .database, engine: .sqlite, title: database, subtitle: "SQLite",
          members: members,
          holds: app.holdings(of: database, withSessions: true)))
    }
    draft.add(
      Tier(
        id: "objects", kind: .objects, engine: .folder, title: "Objects", subtitle: "folder on disk",
        members: members,
        holds: [Holding(.objects)]))
    return try draft.finish()
  }
}
