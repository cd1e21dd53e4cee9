// Summit starts here: the launch page at stage 1, the app at every other.

import HeightsKit

let launch = Launch(directory: "Launch")

await App.run(launch: { try await launch.routes($0) }) { context in
  let cache = Cache(limitBytes: context.environment.cacheBytes)
  let summit = Summit(
    accounts: Accounts(database: try await context.database("accounts")),
    posts: Posts(database: try await context.database("posts")),
    graph: Graph(database: try await context.database("graph")),
    sessions: try await SessionStore(context),
    passwords: try Passwords(parallel: context.environment.loops),
    logInLimits: LogInLimits(),
    photos: try ObjectStore(context),
    cache: cache)
  let waitlist = try await Waitlist(context)
  context.addMetrics { $0.cache(cache.statistics) }

  var routes = Routes()
  routes.app.require(Origin.check)
  AccountsAPI(summit: summit).addRoutes(to: &routes.app)
  PostsAPI(summit: summit).addRoutes(to: &routes.app)
  GraphAPI(summit: summit).addRoutes(to: &routes.app)
  routes.app.file("/openapi.json", from: ".", name: "openapi.json")
  routes.app.files("/static", from: "Public")
  routes.app.get("/media/{key}") { try summit.photos.response($0.parameter("key"), to: $0) }
  launch.addWaitlist(waitlist, to: &routes.app)
  waitlist.addAdminRoutes(to: &routes.admin)
  return routes
}
