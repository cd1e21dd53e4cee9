// Mistakes within one stack that CloudFormation finds late or never, and linters not at all.

struct SoundChecks {
  let stack: GuardedStack

  var findings: [DataGuardFinding] { stack.resources.flatMap(check) }

  private func check(_ entry: Template.Entry) -> [DataGuardFinding] {
    let properties = stack.properties(of: entry)
    let own: [DataGuardFinding?] =
      switch entry.type {
      case "AWS::CloudFront::Distribution": origins(of: entry, properties)
      case "AWS::ElastiCache::ReplicationGroup": [failover(of: entry, properties)]
      case "AWS::ElastiCache::CacheCluster": [loneCache(entry)]
      case "AWS::DynamoDB::Table": [plainTable(entry)]
      case "AWS::DynamoDB::GlobalTable": [homelessTable(entry, properties)]
      case "AWS::RDS::DBInstance":
        [namedZone(of: entry, properties), followedWithoutBackups(entry, properties)]
      default: []
      }
    return (own + [policy(of: entry), encryption(of: entry, properties)]).compactMap { $0 }
  }

  private func finding(
    _ entry: Template.Entry, _ property: String?, _ problem: String, _ advice: String
  ) -> DataGuardFinding {
    DataGuardFinding(
      stack: stack.name, resource: entry.logicalID, property: property, problem: problem, advice: advice)
  }

  // MARK: Data

  private func policy(of entry: Template.Entry) -> DataGuardFinding? {
    guard let type = DataType.of(entry.type), type.needsPolicy, !DataGuard.isFollower(entry),
      entry.deletionPolicy != .retain, entry.deletionPolicy != .snapshot
    else { return nil }
    return finding(
      entry, "DeletionPolicy", "goes with its stack, and with it \(type.loss.rawValue)",
      "set Retain or Snapshot")
  }

  private func encryption(of entry: Template.Entry, _ properties: Object) -> DataGuardFinding? {
    guard let name = DataType.of(entry.type)?.encryption, !DataGuard.isFollower(entry),
      properties[name] != .boolean(true)
    else { return nil }
    return finding(
      entry, name, "is not encrypted, and can't be later without being replaced",
      "set it to true from the first day")
  }

  // MARK: CDN

  private func origins(of entry: Template.Entry, _ properties: Object) -> [DataGuardFinding?] {
    guard case .object(let configuration)? = properties["DistributionConfig"],
      case .list(let origins)? = configuration["Origins"]
    else { return [] }
    return origins.enumerated().map { index, origin in
      guard case .object(let origin) = origin, isBucket(origin) else { return nil }
      let place = "DistributionConfig/Origins/\(index)"
      if origin["OriginAccessControlId"] == nil {
        return finding(
          entry, place + "/OriginAccessControlId",
          "reads a bucket without an access control: the bucket would have to be public",
          "name an AWS::CloudFront::OriginAccessControl")
      }
      guard case .object(let s3)? = origin["S3OriginConfig"], s3["OriginAccessIdentity"] == .text("") else {
        return finding(
          entry, place + "/S3OriginConfig", "lacks the empty OriginAccessIdentity, without which S3 refuses",
          "set S3OriginConfig to {OriginAccessIdentity: \"\"}")
      }
      return nil
    }
  }

  /// What has no settings of another kind of origin reads a bucket.
  private func isBucket(_ origin: Object) -> Bool {
    origin["CustomOriginConfig"] == nil && origin["VpcOriginConfig"] == nil
  }

  // MARK: Caches and tables

  private func failover(of entry: Template.Entry, _ properties: Object) -> DataGuardFinding? {
    guard properties["AutomaticFailoverEnabled"] == .boolean(true) else { return nil }
    let nodes = properties["NumCacheClusters"]?.wholeNumber
    let replicas = properties["ReplicasPerNodeGroup"]?.wholeNumber
    if (nodes ?? 0) >= 2 || (replicas ?? 0) >= 1 { return nil }
    return finding(
      entry, nodes == nil && replicas != nil ? "ReplicasPerNodeGroup" : "NumCacheClusters",
      "fails over to nobody: there is one node", "give it two nodes or more")
  }

  private func loneCache(_ entry: Template.Entry) -> DataGuardFinding? {
    finding(
      entry, "Type", "can have one node only, so it can't fail over", "use AWS::ElastiCache::ReplicationGroup"
    )
  }

  private func plainTable(_ entry: Template.Entry) -> DataGuardFinding? {
    finding(
      entry, "Type", "can't get replicas in other regions later without being deleted",
      "use AWS::DynamoDB::GlobalTable with one replica")
  }

  private func homelessTable(_ entry: Template.Entry, _ properties: Object) -> DataGuardFinding? {
    guard case .list(let replicas)? = properties["Replicas"] else { return nil }
    let regions = replicas.compactMap { replica -> Expression? in
      if case .object(let object) = replica { object["Region"] } else { nil }
    }
    let own: [Expression] = [.text(stack.region), .object(["Ref": "AWS::Region"])]
    if regions.contains(where: own.contains) { return nil }
    return finding(
      entry, "Replicas", "has no replica in \(stack.region), the stack's own region, which DynamoDB asks for",
      "add one, or define the table in a stack of one of its regions")
  }

  // MARK: Databases

  private func namedZone(of entry: Template.Entry, _ properties: Object) -> DataGuardFinding? {
    if properties["AvailabilityZone"] == nil || DataGuard.isFollower(entry) { return nil }
    return finding(
      entry, "AvailabilityZone", "names a zone: asking for a second one later would replace it",
      "leave it out")
  }

  private func followedWithoutBackups(_ entry: Template.Entry, _ properties: Object) -> DataGuardFinding? {
    guard properties["BackupRetentionPeriod"] == .integer(0) else { return nil }
    let isFollowed = stack.resources.contains { other in
      stack.properties(of: other)["SourceDBInstanceIdentifier"] == .object(["Ref": entry.logicalID])
    }
    guard isFollowed else { return nil }
    return finding(
      entry, "BackupRetentionPeriod", "is followed and has no backups, from which followers start",
      "keep them for a day or more")
  }
}
