// Stage 2, the first users: the app and its databases share one instance with a static address, so that DNS need
// never change. When the instance grows too small it is replaced by a larger one (vertical scaling). Its zone is
// the one thing that must not fail.

extension Topology {
  /// Stage 2 of `app`.
  public static func stage2(of app: AppOutline, in region: Region) throws(TopologyError) -> Topology {
    let zone = Zone(id: "\(region.code)-a", region: region.code)
    let server = Server(id: "server", title: "Server", zone: zone.id)

    let users = Tier(id: "users", kind: .users, title: "Users", subtitle: "the first")
    let dns = Tier(id: "dns", kind: .dns, title: "DNS", subtitle: app.dnsName)
    let address = Tier(
      id: "address", kind: .address, title: "Static address", subtitle: "stays when the server changes")
    let services = app.services.map {
      Tier(id: "service-\($0.name)", kind: .service, title: $0.name, subtitle: "service", on: server)
    }
    let databases = app.databases.map {
      Tier(id: "database-\($0)", kind: .database, title: $0, subtitle: "SQLite", on: server)
    }
    let objects = Tier(
      id: "objects", kind: .objects, title: "Objects", subtitle: "folder on disk", on: server)

    return try Topology(
      stage: .singleServer, regions: [region], zones: [zone], servers: [server],
      tiers: [users, dns, address] + services + databases + [objects],
      links: [
        Link(from: users.id, to: dns.id, label: "name"),
        Link(from: users.id, to: address.id, label: "HTTP"),
      ]
        + services.map { Link(from: address.id, to: $0.id, label: "HTTP") }
        + services.map { Link(from: $0.id, to: objects.id, label: "files") }
        + app.services.flatMap { service in
          service.databases.map {
            Link(from: "service-\(service.name)", to: "database-\($0)", label: "SQL")
          }
        })
  }
}
