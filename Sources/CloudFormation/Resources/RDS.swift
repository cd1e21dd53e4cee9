// Amazon RDS: PostgreSQL. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_RDS.html

struct DBSubnetGroup: ResourceType {
  static let type = "AWS::RDS::DBSubnetGroup"
  let description: String
  let subnets: [ResourceID<Subnet>]
  let tags: [Tag]
  var properties: Object { ["DBSubnetGroupDescription": description, "SubnetIds": subnets, "Tags": tags] }
}

struct DBParameterGroup: ResourceType {
  static let type = "AWS::RDS::DBParameterGroup"
  let description: String
  let family: String
  let parameters: Object
  let tags: [Tag]

  var properties: Object {
    ["Description": description, "Family": family, "Parameters": parameters, "Tags": tags]
  }
}

/// A database server that takes writes. No zone is named, because naming one and asking for two exclude each other,
/// and taking the name away later would replace the server.
struct DBInstance: ResourceType {
  static let type = "AWS::RDS::DBInstance"
  let instanceClass: Expression
  let storageGiB: Expression
  let iops: Int?
  let databaseName: String
  let engineVersion: String
  let isMultiZone: Bool
  let subnetGroup: ResourceID<DBSubnetGroup>
  let parameterGroup: ResourceID<DBParameterGroup>
  let securityGroup: ResourceID<SecurityGroup>
  let key: ARN<Key>
  let monitoringRole: ARN<Role>
  let backupDays: Int
  let tags: [Tag]

  var properties: Object {
    [
      "Engine": "postgres",
      "EngineVersion": engineVersion,
      "DBInstanceClass": instanceClass,
      "DBName": databaseName,
      "AllocatedStorage": storageGiB,
      "StorageType": "gp3",
      "Iops": iops,
      "StorageEncrypted": true,
      "KmsKeyId": key,
      "MasterUsername": "heights",
      // RDS makes the password, keeps it in Secrets Manager and renews it: nobody ever types it.
      "ManageMasterUserPassword": true,
      "MasterUserSecret": ["KmsKeyId": key] as Object,
      "MultiAZ": isMultiZone,
      "PubliclyAccessible": false,
      "DBSubnetGroupName": subnetGroup,
      "DBParameterGroupName": parameterGroup,
      "VPCSecurityGroups": [securityGroup],
      "BackupRetentionPeriod": backupDays,
      "CopyTagsToSnapshot": true,
      "DeleteAutomatedBackups": false,
      "DeletionProtection": true,
      "EnableIAMDatabaseAuthentication": true,
      "AutoMinorVersionUpgrade": true,
      "EnableCloudwatchLogsExports": ["postgresql", "upgrade"],
      "EnablePerformanceInsights": true,
      "PerformanceInsightsKMSKeyId": key,
      "MonitoringInterval": 60,
      "MonitoringRoleArn": monitoringRole,
      "Tags": tags,
    ]
  }
}

/// A copy that follows and answers reads. Name, user, password and storage are its source's.
struct DBReplica: ResourceType {
  /// What it follows.
  enum Source {
    case sameRegion(ResourceID<DBInstance>)
    /// The leader's ARN, and the key and subnets of this region.
    case otherRegion(
      ARN<DBInstance>, region: String, ARN<Key>, ResourceID<DBSubnetGroup>)
  }

  static let type = DBInstance.type
  let source: Source
  let instanceClass: Expression
  /// nil where any zone will do.
  let availabilityZone: Expression?
  let parameterGroup: ResourceID<DBParameterGroup>
  let securityGroup: ResourceID<SecurityGroup>
  let performanceKey: ARN<Key>
  let monitoringRole: ARN<Role>
  let tags: [Tag]

  var properties: Object {
    var properties: Object = ["DBInstanceClass": instanceClass]
    switch source {
    case .sameRegion(let leader): properties["SourceDBInstanceIdentifier"] = leader.value
    case .otherRegion(let leader, let region, let key, let subnets):
      properties["SourceDBInstanceIdentifier"] = leader.value
      properties["SourceRegion"] = .text(region)
      properties["KmsKeyId"] = key.value
      properties["DBSubnetGroupName"] = subnets.value
    }
    properties["AvailabilityZone"] = availabilityZone
    let rest: Object = [
      "StorageType": "gp3",
      "PubliclyAccessible": false,
      "DBParameterGroupName": parameterGroup,
      "VPCSecurityGroups": [securityGroup],
      "CopyTagsToSnapshot": true,
      "EnableIAMDatabaseAuthentication": true,
      "AutoMinorVersionUpgrade": true,
      "EnableCloudwatchLogsExports": ["postgresql", "upgrade"],
      "EnablePerformanceInsights": true,
      "PerformanceInsightsKMSKeyId": performanceKey,
      "MonitoringInterval": 60,
      "MonitoringRoleArn": monitoringRole,
      "Tags": tags,
    ]
    for member in rest.members { properties[member.name] = member.value }
    return properties
  }
}

extension Resource<DBInstance> {
  var address: Expression { attribute("Endpoint.Address") }
  /// Put together from its name, which every implementation of CloudFormation gives.
  var arn: ARN<DBInstance> {
    ARN(value: Text("arn:\(.partition):rds:\(.region):\(.account):db:\(id)").value)
  }
}

extension Resource<DBReplica> {
  var address: Expression { attribute("Endpoint.Address") }
}
