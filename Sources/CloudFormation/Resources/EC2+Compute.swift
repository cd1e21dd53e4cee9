// Amazon EC2: servers, their disks and addresses.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html

/// What a server is started from.
struct LaunchTemplate: ResourceType {
  static let type = "AWS::EC2::LaunchTemplate"
  /// The system's image, by id or as `resolve:ssm:…`, which EC2 looks up at each start.
  let image: Expression
  let instanceType: Expression
  let profile: ARN<InstanceProfile>
  let groups: [ResourceID<SecurityGroup>]
  /// nil where the server brings its own.
  var userData: Expression?
  let rootGiB: Int
  let name: Expression

  var properties: Object {
    let data: Object = [
      "ImageId": image,
      "InstanceType": instanceType,
      "IamInstanceProfile": ["Arn": profile] as Object,
      "SecurityGroupIds": groups,
      "UserData": userData.map { Expression.base64($0) },
      // Version 2 of the metadata service only: a request that was forged through the app can't read credentials.
      "MetadataOptions": [
        "HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1,
      ] as Object,
      "Monitoring": ["Enabled": true] as Object,
      "BlockDeviceMappings": [
        [
          "DeviceName": "/dev/xvda",
          "Ebs": [
            "VolumeType": "gp3", "VolumeSize": rootGiB, "Encrypted": true, "DeleteOnTermination": true,
          ] as Object,
        ] as Object
      ],
      "TagSpecifications": [
        ["ResourceType": "instance", "Tags": [Tag("Name", name)]] as Object,
        ["ResourceType": "volume", "Tags": [Tag("Name", name)]] as Object,
      ],
    ]
    return ["LaunchTemplateData": data]
  }
}

extension Resource<LaunchTemplate> {
  var latestVersion: Expression { attribute("LatestVersionNumber") }
}

/// A single server. What would replace it when changed (image, template's version, subnet) is given once.
struct Instance: ResourceType {
  static let type = "AWS::EC2::Instance"
  let template: ResourceID<LaunchTemplate>
  let image: Expression
  let instanceType: Expression
  let subnet: ResourceID<Subnet>
  let profile: ResourceID<InstanceProfile>
  let groups: [ResourceID<SecurityGroup>]
  let userData: Expression
  let tags: [Tag]

  var properties: Object {
    [
      // Its first version: a later one would replace the server. It brings what this type can't say.
      "LaunchTemplate": ["LaunchTemplateId": template, "Version": "1"] as Object,
      "ImageId": image,
      "InstanceType": instanceType,
      "SubnetId": subnet,
      "IamInstanceProfile": profile,
      "SecurityGroupIds": groups,
      "UserData": Expression.base64(userData),
      "EbsOptimized": true,
      "Monitoring": true,
      "Tags": tags,
    ]
  }
}

struct Volume: ResourceType {
  static let type = "AWS::EC2::Volume"
  let availabilityZone: Expression
  let sizeGiB: Expression
  let iops: Int?
  let tags: [Tag]

  var properties: Object {
    [
      "AvailabilityZone": availabilityZone, "Encrypted": true, "Size": sizeGiB, "VolumeType": "gp3",
      "Iops": iops, "Tags": tags,
    ]
  }
}

struct VolumeAttachment: ResourceType {
  static let type = "AWS::EC2::VolumeAttachment"
  let volume: ResourceID<Volume>
  let instance: ResourceID<Instance>
  let device: String
  var properties: Object { ["VolumeId": volume, "InstanceId": instance, "Device": device] }
}

/// A static address.
struct ElasticIP: ResourceType {
  static let type = "AWS::EC2::EIP"
  /// nil for one that a gateway takes.
  let instance: ResourceID<Instance>?
  let tags: [Tag]
  var properties: Object { ["Domain": "vpc", "InstanceId": instance, "Tags": tags] }
}

extension Resource<ElasticIP> {
  var allocation: Expression { attribute("AllocationId") }
  /// The address itself.
  var address: Expression { id.value }
}
