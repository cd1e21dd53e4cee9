// What an app makes of its context: its cache, its objects, its sessions and its static files.

import Contract

extension Cache {
  /// The cache of an app's process, in the room that its environment gives it.
  public convenience init(_ context: AppContext) {
    self.init(
      limitBytes: context.environment.cacheBytes, shared: SharedValues(context.redis), now: { .now })
  }
}

extension ObjectStore {
  /// Opens the store in the folder of objects, and in the bucket that `HEIGHTS_OBJECTS_BUCKET` names.
  /// - Throws: `SystemError` when the folder can't be made, `StoreError` when what is in it would be lost.
  public convenience init(_ context: AppContext) throws {
    try context.environment.checkObjects(of: context.placement)
    let folder = try ObjectFolder(context.environment.filesDirectory, quota: context.quota)
    self.init(
      folder, context.bucket, pool: context.blocking,
      placement: { context.placement.objects })
    context.setObjects(self)
  }
}

extension SessionStore {
  /// Opens the store in the app's database of sessions.
  public convenience init(_ context: AppContext) async throws {
    try await self.init(context, nowMs: wallClockMs)
  }

  convenience init(_ context: AppContext, nowMs: @escaping @Sendable () -> Int64) async throws {
    let place = SessionPlace(context.placement)
    let table = try context.sessionsTable()
    try await self.init(
      context.database("sessions", migrations: Self.migrations), table, context.redis,
      on: context.loops.loops[0], usesTLS: context.environment.usesTLS, place, nowMs: nowMs)
    await context.follow { [weak context] placement in
      if table == nil, placement.sessions.contains(.dynamodb) {
        await context?.refuse(placement)
        return
      }
      await place.follow(placement)
    }
    context.setSessions(self)
    context.addMetrics { [found] in
      found.write(to: &$0)
      if let table { await $0.table(table) }
    }
  }
}

extension Assets {
  /// Reads the files of the folder once. Names that begin with a dot and files compressed beforehand don't count.
  /// - Parameters:
  ///   - prefix: the path below which they are served.
  ///   - context: its `ASSETS_URL` is put before each path, when the files are served from elsewhere.
  /// - Throws: an error of Foundation's when one can't be read.
  public init(_ directory: String, at prefix: String = "/static", for context: AppContext) throws {
    try self.init(directory, at: prefix, baseURL: context.environment.variables[.assetsURL] ?? "")
    context.publish(self)
  }
}
