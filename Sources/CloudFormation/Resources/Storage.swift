// Amazon S3 and Amazon EFS: objects and shared files.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_S3.html (and AWS_EFS.html)

/// Objects, encrypted with S3's own keys, so that log deliveries and a CDN can use them too.
struct Bucket: ResourceType {
  struct Replication {
    let role: ARN<Role>
    let destination: ARN<Bucket>
  }

  static let type = "AWS::S3::Bucket"
  /// Days after which objects go, in a bucket of logs.
  var expiryDays: Int?
  /// The bucket that gets the log of requests, and the folder in it.
  var log: (bucket: ResourceID<Bucket>, prefix: String)?
  /// Whether log deliveries that need access lists may write here.
  var takesDeliveries = false
  var replication: Replication?
  let tags: [Tag]

  var properties: Object {
    [
      "BucketEncryption": [
        "ServerSideEncryptionConfiguration": [
          [
            "ServerSideEncryptionByDefault": ["SSEAlgorithm": "AES256"] as Object
          ] as Object
        ]
      ] as Object,
      "LifecycleConfiguration": ["Rules": lifecycle] as Object,
      "LoggingConfiguration": log.map {
        ["DestinationBucketName": $0.bucket, "LogFilePrefix": $0.prefix] as Object
      },
      "OwnershipControls": [
        "Rules": [
          ["ObjectOwnership": takesDeliveries ? "BucketOwnerPreferred" : "BucketOwnerEnforced"] as Object
        ]
      ] as Object,
      "PublicAccessBlockConfiguration": [
        "BlockPublicAcls": true, "BlockPublicPolicy": true, "IgnorePublicAcls": true,
        "RestrictPublicBuckets": true,
      ] as Object,
      "ReplicationConfiguration": replication.map(replicationConfiguration),
      // From the first day: replication and the way back after a mistake both need it.
      "VersioningConfiguration": ["Status": "Enabled"] as Object,
      "Tags": tags,
    ]
  }

  private var lifecycle: [Object] {
    let old: Object = [
      "Id": "OldVersions", "Status": "Enabled",
      "NoncurrentVersionExpiration": ["NoncurrentDays": 30] as Object,
      "AbortIncompleteMultipartUpload": ["DaysAfterInitiation": 7] as Object,
    ]
    guard let expiryDays else { return [old] }
    return [old, ["Id": "Expiry", "Status": "Enabled", "ExpirationInDays": expiryDays]]
  }

  private func replicationConfiguration(_ replication: Replication) -> Object {
    [
      "Role": replication.role,
      "Rules": [
        [
          "Id": "ToTheNextRegion", "Status": "Enabled", "Priority": 1, "Filter": ["Prefix": ""] as Object,
          "DeleteMarkerReplication": ["Status": "Enabled"] as Object,
          "Destination": ["Bucket": replication.destination] as Object,
        ] as Object
      ],
    ]
  }
}

extension Resource<Bucket> {
  var arn: ARN<Bucket> { ARN(value: attribute("Arn")) }
  /// The name by which a CDN reaches it: the one without a region would be redirected at first.
  var regionalDomainName: Expression { attribute("RegionalDomainName") }
}

struct BucketPolicy: ResourceType {
  static let type = "AWS::S3::BucketPolicy"
  let bucket: ResourceID<Bucket>
  let statements: [Statement]
  var properties: Object { ["Bucket": bucket, "PolicyDocument": PolicyDocument(statements: statements)] }
}

/// Files that several servers share.
struct FileSystem: ResourceType {
  static let type = "AWS::EFS::FileSystem"
  let key: ARN<Key>
  let tags: [Tag]

  var properties: Object {
    [
      "Encrypted": true, "KmsKeyId": key, "PerformanceMode": "generalPurpose", "ThroughputMode": "elastic",
      "BackupPolicy": ["Status": "ENABLED"] as Object,
      "LifecyclePolicies": [["TransitionToIA": "AFTER_30_DAYS"] as Object],
      "FileSystemTags": tags,
    ]
  }
}

extension Resource<FileSystem> {
  var arn: ARN<FileSystem> { ARN(value: attribute("Arn")) }
}

/// Where a zone's servers reach a file system.
struct MountTarget: ResourceType {
  static let type = "AWS::EFS::MountTarget"
  let fileSystem: ResourceID<FileSystem>
  let subnet: ResourceID<Subnet>
  let groups: [ResourceID<SecurityGroup>]
  var properties: Object { ["FileSystemId": fileSystem, "SubnetId": subnet, "SecurityGroups": groups] }
}
