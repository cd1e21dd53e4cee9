// What the cloud's own services cost: CDN, files, sessions, names, logs, the launch page.

import Policies
import Topology

extension Bill {
  // MARK: CDN

  /// Answers and files leave through the CDN, in the prices of where people are.
  mutating func addEdge(of sized: Sized) {
    let regions = sized.shape.regions
    let share = sized.audience.scaled(by: 1 / Double(regions.count))
    let gigabytes = (share.answerBytesPerMonth + share.fileBytesPerMonth) / 1e9
    let requests = share.requestsPerMonth + share.pictureViewsPerMonth
    let freeGB = catalog.value(.priceCloudFrontFreeGBPerMonth) / Double(regions.count)
    let freeRequests = catalog.value(.priceCloudFrontFreeRequestsPerMonth) / Double(regions.count)
    for region in regions {
      addEdge(gigabytes, free: freeGB, near: region)
      guard let price = catalog.edge("perTenThousand", near: region.code) else { continue }
      add(
        .edge, "requests", requests, "requests",
        amount: max(0, requests - freeRequests) / 10_000 * price.value, in: region.code,
        from: Self.traffic + [.priceCloudFrontFreeRequestsPerMonth],
        and: views.merging([edgePath("perTenThousand", region.code): price]) { $1 }, hasRegionalPrice: false)
    }
  }

  private mutating func addEdge(_ gigabytes: Double, free: Double, near region: Region) {
    let sizes = [10_000, 40_000, 100_000, 350_000, 524_000, 4_000_000, Double.infinity]
    var constants = views
    let steps = sizes.enumerated().compactMap { index, units -> (Double, Double)? in
      let column = "tier\(index + 1)PerGB"
      guard let price = catalog.edge(column, near: region.code) else { return nil }
      constants[edgePath(column, region.code)] = price
      return (units, price.value)
    }
    add(
      .edge, "to people", gigabytes, "GB", amount: PriceSteps(steps: steps).amount(gigabytes - free),
      in: region.code,
      from: Self.traffic + [.contentBytesPerRequest, .contentThumbnailBytes, .priceCloudFrontFreeGBPerMonth],
      and: constants, hasRegionalPrice: false)
  }

  /// How many pictures each kind of request shows.
  private var views: [String: Constant] {
    catalog.constants.filter { $0.key.hasSuffix("/pictureViews") && $0.value.value > 0 }
  }

  private func edgePath(_ column: String, _ region: String) -> String {
    "regions/cloudFront/\(catalog.geographies[region] ?? region)/\(column)"
  }

  // MARK: Files

  mutating func addFiles(of sized: Sized, in region: Region) {
    let regions = Double(sized.shape.regions.count)
    let demand = sized.audience.scaled(by: 1 / regions)
    let pictures: [Catalog.Key] = Self.storage + [.contentPicturesPerPost, .contentPictureBytes]
    if sized.shape.base.has(.sharedFolder) {
      add(
        .files, "shared folder (EFS)", demand.objectGiB, "GB", at: .priceEfsPerGBMonth, in: region.code,
        from: pictures)
    }
    if sized.shape.base.has(.objectStore) {
      let copies = regions > 1 ? 2.0 : 1
      add(
        .files, copies > 1 ? "object store, with a copy elsewhere" : "object store",
        demand.objectGiB * copies,
        "GB", at: .priceS3PerGBMonth, in: region.code, from: pictures)
      add(
        .files, "pictures put", demand.picturesPerMonth * 2 * copies / 1000, "thousand",
        at: .priceS3PutPerThousand, in: region.code, from: Self.traffic + [.contentPicturesPerPost])
      let misses = demand.pictureViewsPerMonth * (1 - catalog.value(.contentEdgeHitShare))
      add(
        .files, "pictures got by the CDN", misses / 1000, "thousand", at: .priceS3GetPerThousand,
        in: region.code, from: Self.traffic + [.contentEdgeHitShare])
    }
  }

  // MARK: Sessions

  /// A read for each request; a write of two units when people sign in and once on each day that they come, in every
  /// region.
  mutating func addSessions(of sized: Sized, in region: Region) {
    guard sized.shape.base.has(.table) else { return }
    let regions = Double(sized.shape.regions.count)
    let demand = sized.audience.scaled(by: 1 / regions)
    let days = catalog.value(.sizingDaysPerMonth)
    let writes = demand.requestsPerMonth * demand.profile.passwords + demand.activeUsers * days
    let sessions: [Catalog.Key] = Self.traffic + [.contentSessionBytes]
    add(
      .sessions, "reads", demand.requestsPerMonth / 1e6, "million", at: .priceDynamoDBReadPerMillion,
      in: region.code, from: Self.traffic)
    add(
      .sessions, "writes", writes * 2 * regions / 1e6, "million", at: .priceDynamoDBWritePerMillion,
      in: region.code, from: sessions)
    let gigabytes = demand.sessionBytes * regions / 1e9
    add(.sessions, "table", gigabytes, "GB", at: .priceDynamoDBPerGBMonth, in: region.code, from: sessions)
    add(
      .sessions, "point-in-time recovery", gigabytes, "GB", at: .priceDynamoDBRecoveryPerGBMonth,
      in: region.code,
      from: sessions)
  }

  // MARK: Names and health

  mutating func addNames(of sized: Sized) {
    let topology = sized.shape.base
    add(.names, "hosted zone", 1, "zones", at: .priceRoute53ZonePerMonth)
    // Names that are aliases of the CDN's cost nothing to ask for; which region is the nearest does.
    let queries =
      sized.audience.activeUsers * catalog.value(.sizingDaysPerMonth)
      * catalog.value(.contentQueriesPerUserDay)
    let basis: [Catalog.Key] = [.usersDauRatio, .contentQueriesPerUserDay]
    if topology.regions.count > 1 {
      add(
        .names, "queries by latency", queries / 1e6, "million", at: .priceRoute53LatencyQueriesPerMillion,
        from: basis)
      let count = Double(sized.shape.regions.count)
      add(.names, "health checks", count, "checks", at: .priceRoute53HealthCheckPerMonth)
      add(.names, "health checks every 10 s", count, "checks", at: .priceRoute53HealthCheckFeaturePerMonth)
    }
    if topology.has(.staticAddress) {
      add(.names, "queries", queries / 1e6, "million", at: .priceRoute53QueriesPerMillion, from: basis)
      if topology.hasSeveralServers {
        add(
          .names, "health checks", Double(sized.shape.zones), "checks",
          at: .priceRoute53HealthCheckPerMonth)
      }
    }
  }

  // MARK: Operations

  mutating func addOperations(of sized: Sized, in region: Region) {
    let demand = sized.audience.scaled(by: 1 / Double(sized.shape.regions.count))
    let basis: [Catalog.Key] = Self.traffic + [.contentLogBytesPerRequest]
    add(
      .operations, "logs taken in", logGB(demand), "GB", at: .priceCloudWatchLogIngestPerGB, in: region.code,
      from: basis)
    add(
      .operations, "logs kept for a month", logGB(demand), "GB", at: .priceCloudWatchLogStoragePerGBMonth,
      in: region.code, from: basis)
    let clusters = (sized.databaseGroup?.sizing.clusters ?? 0) * (sized.database?.ranges ?? 0)
    // In one region a deployment has a key for each service that calls others.
    let callers = Set(sized.shape.base.links.filter { $0.kind == .calls }.map(\.from)).count
    let secrets = clusters + (sized.cache == nil ? 0 : 1) + (sized.shape.regions.count == 1 ? callers : 0)
    add(
      .operations, "\(secrets) secret\(secrets == 1 ? "" : "s")", Double(secrets), "secrets",
      at: .priceSecretsPerMonth, in: region.code)
    addKeysAndAlarms(of: sized, in: region)
  }

  /// A key for data, and where 99.99 % is asked for one for logs too; there, alarms on the error budget and two with which
  /// each service scales. CloudWatch charges for each figure that an alarm looks at.
  private mutating func addKeysAndAlarms(of sized: Sized, in region: Region) {
    let isWatched = sized.shape.base.leavesTwoZones
    let keys = sized.database == nil ? 0 : isWatched ? 2 : 1
    add(
      .operations, "\(keys) key\(keys == 1 ? "" : "s")", Double(keys), "keys", at: .priceKmsKeyPerMonth,
      in: region.code)
    // Over a long time and a short one; of each three: all requests, and those that app and balancer have failed.
    let budgetFigures = BurnAlarm.all.count * 2 * 3
    let figures = isWatched ? budgetFigures + 2 * sized.servers.count : 0
    add(
      .operations, "alarms on \(figures) figures", Double(figures), "figures",
      at: .priceCloudWatchAlarmPerMonth, in: region.code)
    add(
      .operations, "alarms that go by others", isWatched ? Double(BurnAlarm.all.count) : 0, "alarms",
      at: .priceCloudWatchCompositeAlarmPerMonth, in: region.code)
  }

  // MARK: Launch page

  /// A visit a month of each visitor, and a waitlist that runs only when somebody signs up.
  mutating func addLaunchPage(of sized: Sized, in region: Region) {
    let visits = sized.audience.users
    add(
      .launchPage, "page served", visits * catalog.value(.contentStaticBytesPerUserDay) / 1e9, "GB",
      at: .priceAmplifyServedPerGB, in: region.code, from: [.contentStaticBytesPerUserDay])
    add(
      .launchPage, "page stored", catalog.value(.contentStaticBytesPerUserDay) / 1e9, "GB",
      at: .priceAmplifyStoragePerGBMonth, in: region.code, from: [.contentStaticBytesPerUserDay])
    add(
      .launchPage, "waitlist function", visits / 1e6, "million", at: .priceLambdaPerMillion, in: region.code)
    add(
      .launchPage, "waitlist table", visits / 1e6, "million", at: .priceDynamoDBWritePerMillion,
      in: region.code)
  }
}

extension Bill {
  /// Everything that a stage costs in a month.
  static func lines(of sized: Sized) -> [CostLine] {
    var bill = Bill(sized.audience.catalog)
    let topology = sized.shape.base
    bill.addNames(of: sized)
    if topology.has(.edges) { bill.addEdge(of: sized) }
    for region in sized.shape.regions {
      if topology.has(.hostedPages) {
        bill.addLaunchPage(of: sized, in: region)
        continue
      }
      bill.addServers(of: sized, in: region)
      bill.addDatabase(of: sized, in: region)
      bill.addCache(of: sized, in: region)
      bill.addSessions(of: sized, in: region)
      bill.addFiles(of: sized, in: region)
      bill.addTraffic(of: sized, in: region)
      bill.addOperations(of: sized, in: region)
    }
    let order = CostLine.Section.allCases
    return bill.lines.sorted { left, right in
      let (a, b) = (order.firstIndex(of: left.section) ?? 0, order.firstIndex(of: right.section) ?? 0)
      return a == b ? left.amount > right.amount : a < b
    }
  }
}
