// Which types of resources hold data, and which of their properties replace them when they change. Create-only
// properties are those of the resource types' schemas as cfn-lint 1.51.0 has them, and the "Update requires:
// Replacement" of CloudFormation's reference where a schema is silent. Read on 2026-11-23.

/// A type of resource that must survive every update.
struct DataType {
  /// What is lost with it.
  enum Loss: String {
    case data = "the data in it"
    case key = "all that is encrypted with it"
    case network = "the network that databases stand in"
    case zone = "the name servers that the domain is delegated to"
  }

  let type: String
  let loss: Loss
  /// Paths of properties, such as `Name` or `HealthCheckConfig/Type`.
  let createOnly: [String]
  /// Properties that may grow and never shrink.
  var growing: [String] = []
  /// The property that has to be true, so that what is stored is encrypted: it can't be changed later.
  var encryption: String?

  /// Whether it has to say what happens to it when it leaves its stack.
  var needsPolicy: Bool { loss != .network }

  static func of(_ type: String) -> DataType? { all.first { $0.type == type } }

  static let all = [
    DataType(
      type: "AWS::RDS::DBInstance", loss: .data,
      createOnly: [
        "AvailabilityZone", "BackupTarget", "CharacterSetName", "CustomIAMInstanceProfile",
        "DBClusterIdentifier",
        "DBInstanceIdentifier", "DBName", "DBSnapshotIdentifier", "DBSubnetGroupName", "DBSystemId", "Engine",
        "KmsKeyId", "MasterUsername", "NcharCharacterSetName", "SourceDBInstanceIdentifier", "SourceRegion",
        "StorageEncrypted", "Timezone",
      ], growing: ["AllocatedStorage"], encryption: "StorageEncrypted"),
    DataType(
      type: "AWS::RDS::DBCluster", loss: .data,
      createOnly: [
        "AvailabilityZones", "ClusterScalabilityType", "DBClusterIdentifier", "DBSubnetGroupName",
        "DBSystemId",
        "DatabaseName", "Engine", "EngineMode", "KmsKeyId", "MasterUsername", "PubliclyAccessible",
        "SnapshotIdentifier",
        "SourceDBClusterIdentifier", "SourceRegion", "StorageEncrypted",
      ], growing: ["AllocatedStorage"], encryption: "StorageEncrypted"),
    DataType(
      type: "AWS::EC2::Volume", loss: .data,
      createOnly: ["AvailabilityZone", "Encrypted", "KmsKeyId", "OutpostArn", "SnapshotId"],
      growing: ["Size"],
      encryption: "Encrypted"),
    DataType(
      type: "AWS::EFS::FileSystem", loss: .data,
      createOnly: ["AvailabilityZoneName", "Encrypted", "KmsKeyId", "PerformanceMode"],
      encryption: "Encrypted"),
    DataType(
      type: "AWS::S3::Bucket", loss: .data, createOnly: ["BucketName", "BucketNamePrefix", "BucketNamespace"]),
    DataType(
      type: "AWS::DynamoDB::GlobalTable", loss: .data,
      createOnly: ["GlobalTableSourceArn", "KeySchema", "LocalSecondaryIndexes", "TableName"]),
    DataType(
      type: "AWS::DynamoDB::Table", loss: .data,
      createOnly: ["ImportSourceSpecification", "KeySchema", "TableName"]),
    DataType(
      type: "AWS::ElastiCache::ReplicationGroup", loss: .data,
      createOnly: [
        "AtRestEncryptionEnabled", "CacheSubnetGroupName", "DataTieringEnabled", "GlobalReplicationGroupId",
        "KmsKeyId", "NetworkType", "Port", "PreferredCacheClusterAZs", "ReplicasPerNodeGroup",
        "ReplicationGroupId",
        "SnapshotArns", "SnapshotName",
      ], encryption: "AtRestEncryptionEnabled"),
    DataType(
      type: "AWS::KMS::Key", loss: .key, createOnly: ["KeySpec", "KeyUsage", "MultiRegion", "Origin"]),
    DataType(type: "AWS::SecretsManager::Secret", loss: .data, createOnly: ["Name"]),
    DataType(type: "AWS::Route53::HostedZone", loss: .zone, createOnly: ["Name"]),
    DataType(type: "AWS::EC2::VPC", loss: .network, createOnly: ["CidrBlock", "InstanceTenancy"]),
    DataType(
      type: "AWS::EC2::Subnet", loss: .network,
      createOnly: ["AvailabilityZone", "AvailabilityZoneId", "CidrBlock", "VpcId"]),
  ]
}
