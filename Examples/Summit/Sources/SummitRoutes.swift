// What Summit's process serves: the launch page at stage 1, the app at every other.

import HeightsKit

/// Summit, from the files of its folder.
struct SummitRoutes: Sendable {
  /// Where `Launch`, `Public`, `Migrations` and `openapi.json` are.
  let folder: String

  private var launch: Launch { Launch(directory: folder + "/Launch") }

  func launchPage(_ context: AppContext) async throws -> Routes { try await launch.routes(context) }

  func app(_ context: AppContext) async throws -> Routes {
    let summit = try await summit(context)
    let waitlist = try await Waitlist(context)
    context.addMetrics { $0.cache(summit.cache.statistics) }

    var routes = Routes()
    routes.app.require(Origin.check)
    Pages(summit: summit).addRoutes(to: &routes.app)
    AccountsAPI(summit: summit).addRoutes(to: &routes.app)
    PostsAPI(summit: summit).addRoutes(to: &routes.app)
    GraphAPI(summit: summit).addRoutes(to: &routes.app)
    routes.app.file("/openapi.json", from: folder, name: "openapi.json")
    routes.app.assets(summit.assets)
    // Browsers ask for it beside documents that can't name their icon, such as JSON.
    routes.app.file("/favicon.ico", from: folder + "/Public", name: "favicon.svg", maxAgeSeconds: 86_400)
    routes.app.get("/media/{key}") { try await summit.photos.response($0.parameter("key"), to: $0) }
    launch.addWaitlist(waitlist, to: &routes.app)
    waitlist.addAdminRoutes(to: &routes.admin)
    return routes
  }

  private func summit(_ context: AppContext) async throws -> Summit {
    let accounts = try await context.service(AccountsClient.self) {
      AccountsService(
        store: AccountsStore(database: try await database("accounts", context)),
        passwords: try Passwords(parallel: context.environment.loops))
    }
    let posts = try await context.service(PostsClient.self) {
      PostsStore(database: try await database("posts", context))
    }
    let graph = try await context.service(GraphClient.self) {
      GraphStore(database: try await database("graph", context))
    }
    let sessions = try await SessionStore(context)
    return Summit(
      accounts: accounts,
      posts: posts,
      graph: graph,
      sessions: sessions,
      logInLimits: LogInLimits(sessions),
      photos: try ObjectStore(context),
      cache: Cache(context),
      assets: try Assets(folder + "/Public", for: context))
  }

  private func database(_ name: String, _ context: AppContext) async throws -> Database {
    try await context.database(name, migrations: folder + "/Migrations/" + name)
  }
}
