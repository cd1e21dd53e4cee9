// What machines cost: servers, databases, caches, with their disks and backups.

import Topology

extension Bill {
  mutating func addServers(of sized: Sized, in region: Region) {
    let isAlone = sized.shape.servers.count == 1
    for (group, choice) in zip(sized.shape.servers, sized.servers) {
      let item = "\(choice.count) × \(choice.size.name)" + (isAlone ? "" : " for \(group.title)")
      add(.servers, machines: Double(choice.count), choice.size, "ec2", item, in: region.code)
    }
    let count = sized.servers.reduce(0) { $0 + $1.count }
    let root = catalog.value(.limitEbsRootGiB)
    add(
      .servers, "\(count) × \(Figures.whole(root)) GiB of gp3 disk", Double(count) * root, "GB",
      at: .priceEbsPerGBMonth, in: region.code, from: [.limitEbsRootGiB])
    let data = sized.shape.servers.first?.sizing.diskGiB(sized.audience) ?? 0
    add(
      .servers, "\(Figures.grouped(Figures.whole(data))) GiB of gp3 disk for data", data.rounded(.up), "GB",
      at: .priceEbsPerGBMonth,
      in: region.code, from: Self.storage + [.limitEbsLeastDataGiB])
    // What is written, not what is free: snapshots leave empty blocks out.
    let isSingle = sized.shape.base.has(.sqlite)
    let written = data > 0 ? sized.audience.objectGiB + (isSingle ? sized.audience.databaseGiB : 0) : 0
    add(
      .servers, "snapshots of the data", written, "GB", at: .priceEbsSnapshotPerGBMonth, in: region.code,
      from: Self.storage)
  }

  /// What stored quantities rest on.
  static let storage: [Catalog.Key] = [
    .usersDauRatio, .usersRequestsPerUserDay, .sizingDataMonths, .databaseStorageReserve,
  ]
  /// What quantities of traffic rest on.
  static let traffic: [Catalog.Key] = [.usersDauRatio, .usersRequestsPerUserDay]

  mutating func addDatabase(of sized: Sized, in region: Region) {
    guard let group = sized.databaseGroup, let choice = sized.database else { return }
    let sizing = group.sizing
    let clusters = sizing.clusters * choice.ranges
    let instances = sizing.instances(choice, catalog) * Double(clusters)
    add(
      .database, machines: instances, choice.size, "rds", item(choice, sizing, clusters: clusters),
      in: region.code)

    let demand = sizing.demand(of: sized.audience, ranges: choice.ranges)
    let disk = Double(sizing.storageGiB(demand))
    add(
      .database, "\(Figures.whole(instances)) × \(Figures.grouped(Figures.whole(disk))) GiB of gp3 disk",
      disk * instances, "GB",
      at: .priceRdsStoragePerGBMonth, in: region.code, from: Self.storage)
    // As much as the disk holds is free: what is left is what a week of changes adds.
    let week = demand.databaseGrowthGiB * 7 / catalog.value(.sizingDaysPerMonth) * Double(clusters)
    add(
      .database, "backups: a week of changes", week, "GB", at: .priceRdsBackupPerGBMonth, in: region.code,
      from: Self.storage)
  }

  private func item(_ choice: Choice, _ sizing: DatabaseSizing, clusters: Int) -> String {
    var parts = [sizing.zones > 1 ? "leader in 2 zones" : "1 instance"]
    let followers = choice.count - 1
    if followers > 0 { parts.append("\(followers) follower\(followers == 1 ? "" : "s")") }
    if sizing.regions > 1 { parts.append("1 replica") }
    let each = parts.joined(separator: ", ")
    return clusters > 1
      ? "\(clusters) clusters of \(choice.size.name): \(each)" : "\(choice.size.name): \(each)"
  }

  mutating func addCache(of sized: Sized, in region: Region) {
    guard let choice = sized.cache else { return }
    add(
      .cache, machines: Double(choice.count), choice.size, "elastiCache",
      "\(choice.count) × \(choice.size.name)", in: region.code)
    let gigabytes = choice.size.memoryGiB * catalog.value(.cacheUsableMemory)
    add(
      .cache, "a backup a day, the first is free", gigabytes, "GB", at: .priceCacheBackupPerGBMonth,
      in: region.code)
  }
}
