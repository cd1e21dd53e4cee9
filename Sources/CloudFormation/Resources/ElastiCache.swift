// Amazon ElastiCache. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElastiCache.html

struct CacheSubnetGroup: ResourceType {
  static let type = "AWS::ElastiCache::SubnetGroup"
  let description: String
  let subnets: [ResourceID<Subnet>]
  let tags: [Tag]
  var properties: Object { ["Description": description, "SubnetIds": subnets, "Tags": tags] }
}

/// Settings of the engine.
struct CacheParameterGroup: ResourceType {
  static let type = "AWS::ElastiCache::ParameterGroup"
  let description: String
  let family: String
  let parameters: Object
  let tags: [Tag]

  var properties: Object {
    [
      "CacheParameterGroupFamily": family, "Description": description, "Properties": parameters, "Tags": tags,
    ]
  }
}

/// A leader and its followers. (A cache cluster of one node could neither follow nor fail over.)
struct ReplicationGroup: ResourceType {
  static let type = "AWS::ElastiCache::ReplicationGroup"
  let description: String
  let nodeType: Expression
  /// 2 or more: with one node there is nobody to fail over to.
  let nodes: Int
  let subnetGroup: ResourceID<CacheSubnetGroup>
  let parameterGroup: ResourceID<CacheParameterGroup>
  let securityGroup: ResourceID<SecurityGroup>
  let key: ARN<Key>
  let token: Expression
  let tags: [Tag]

  var properties: Object {
    [
      "ReplicationGroupDescription": description, "Engine": "valkey", "EngineVersion": "8.0",
      "CacheNodeType": nodeType, "NumCacheClusters": max(nodes, 2), "AutomaticFailoverEnabled": true,
      "MultiAZEnabled": true, "CacheSubnetGroupName": subnetGroup,
      "CacheParameterGroupName": parameterGroup, "SecurityGroupIds": [securityGroup], "Port": 6379,
      "AtRestEncryptionEnabled": true, "KmsKeyId": key, "TransitEncryptionEnabled": true, "AuthToken": token,
      "SnapshotRetentionLimit": 7, "AutoMinorVersionUpgrade": true, "Tags": tags,
    ]
  }
}

extension Resource<ReplicationGroup> {
  var primaryAddress: Expression { attribute("PrimaryEndPoint.Address") }
}
