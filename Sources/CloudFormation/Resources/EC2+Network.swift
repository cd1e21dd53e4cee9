// Amazon EC2: the network. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_EC2.html

/// A network of our own in a region.
struct VPC: ResourceType {
  static let type = "AWS::EC2::VPC"
  let cidrBlock: String
  let tags: [Tag]

  var properties: Object {
    ["CidrBlock": cidrBlock, "EnableDnsHostnames": true, "EnableDnsSupport": true, "Tags": tags]
  }
}

struct Subnet: ResourceType {
  static let type = "AWS::EC2::Subnet"
  let vpc: ResourceID<VPC>
  let cidrBlock: String
  let availabilityZone: Expression
  let tags: [Tag]

  /// Nothing gets a public address by itself: what is public has an Elastic IP or is a load balancer.
  var properties: Object {
    [
      "VpcId": vpc, "CidrBlock": cidrBlock, "AvailabilityZone": availabilityZone,
      "MapPublicIpOnLaunch": false,
      "Tags": tags,
    ]
  }
}

extension Resource<Subnet> {
  var availabilityZone: Expression { attribute("AvailabilityZone") }
}

struct InternetGateway: ResourceType {
  static let type = "AWS::EC2::InternetGateway"
  let tags: [Tag]
  var properties: Object { ["Tags": tags] }
}

struct VPCGatewayAttachment: ResourceType {
  static let type = "AWS::EC2::VPCGatewayAttachment"
  let vpc: ResourceID<VPC>
  let gateway: ResourceID<InternetGateway>
  var properties: Object { ["VpcId": vpc, "InternetGatewayId": gateway] }
}

struct RouteTable: ResourceType {
  static let type = "AWS::EC2::RouteTable"
  let vpc: ResourceID<VPC>
  let tags: [Tag]
  var properties: Object { ["VpcId": vpc, "Tags": tags] }
}

/// The way out of a network: to everywhere that is not in it.
struct Route: ResourceType {
  enum Gateway {
    case internet(ResourceID<InternetGateway>)
    case translation(ResourceID<NatGateway>)
  }

  static let type = "AWS::EC2::Route"
  let table: ResourceID<RouteTable>
  let gateway: Gateway

  var properties: Object {
    var properties: Object = ["RouteTableId": table, "DestinationCidrBlock": Anywhere.cidr]
    switch gateway {
    case .internet(let gateway): properties["GatewayId"] = gateway.value
    case .translation(let gateway): properties["NatGatewayId"] = gateway.value
    }
    return properties
  }
}

struct SubnetRouteTableAssociation: ResourceType {
  static let type = "AWS::EC2::SubnetRouteTableAssociation"
  let subnet: ResourceID<Subnet>
  let table: ResourceID<RouteTable>
  var properties: Object { ["SubnetId": subnet, "RouteTableId": table] }
}

/// A way to an AWS service that does not leave AWS and costs nothing (S3 and DynamoDB have one).
struct GatewayEndpoint: ResourceType {
  static let type = "AWS::EC2::VPCEndpoint"
  let vpc: ResourceID<VPC>
  let service: String
  let tables: [ResourceID<RouteTable>]

  var properties: Object {
    [
      "VpcId": vpc, "ServiceName": Text("com.amazonaws.\(.region).\(service)"), "VpcEndpointType": "Gateway",
      "RouteTableIds": tables,
    ]
  }
}

enum Anywhere {
  static let cidr = "0.0.0.0/0"
}

struct SecurityGroup: ResourceType {
  struct Rule: TemplateValue {
    enum Peer {
      case anywhere
      case block(Expression)
      case group(ResourceID<SecurityGroup>)
    }

    let port: Int
    let peer: Peer
    let reason: String

    fileprivate func object(group: String) -> Object {
      var object: Object = ["Description": reason, "IpProtocol": "tcp", "FromPort": port, "ToPort": port]
      switch peer {
      case .anywhere: object["CidrIp"] = .text(Anywhere.cidr)
      case .block(let block): object["CidrIp"] = block
      case .group(let identifier): object[group] = identifier.value
      }
      return object
    }

    var value: Expression { object(group: "SourceSecurityGroupId").value }
  }

  static let type = "AWS::EC2::SecurityGroup"
  let vpc: ResourceID<VPC>
  /// Can't be changed later without a new group.
  let description: String
  let ingress: [Rule]
  let egress: [Rule]
  let tags: [Tag]

  var properties: Object {
    [
      "GroupDescription": description, "VpcId": vpc, "SecurityGroupIngress": ingress,
      "SecurityGroupEgress": egress.isEmpty
        ? Self.nothing : Expression.list(egress.map { $0.object(group: "DestinationSecurityGroupId").value }),
      "Tags": tags,
    ]
  }

  /// Without a rule AWS lets everything out; a rule that leads to this machine lets nothing out.
  private static let nothing = Expression.list([
    .object([
      "Description": "Nothing goes out.", "IpProtocol": "icmp", "FromPort": 252, "ToPort": 86,
      "CidrIp": "255.255.255.255/32",
    ])
  ])
}

extension Resource<SecurityGroup> {
  var groupID: ResourceID<SecurityGroup> { ResourceID(value: attribute("GroupId")) }
}

/// Translates private addresses for what goes out of a zone.
struct NatGateway: ResourceType {
  static let type = "AWS::EC2::NatGateway"
  let subnet: ResourceID<Subnet>
  let address: Expression
  let tags: [Tag]
  var properties: Object { ["AllocationId": address, "SubnetId": subnet, "Tags": tags] }
}

/// Who talks to whom in a network, as it was let through or refused.
struct FlowLog: ResourceType {
  static let type = "AWS::EC2::FlowLog"
  let vpc: ResourceID<VPC>
  let group: ResourceID<LogGroup>
  let role: ARN<Role>

  var properties: Object {
    [
      "ResourceId": vpc, "ResourceType": "VPC", "TrafficType": "REJECT", "LogGroupName": group,
      "DeliverLogsPermissionArn": role,
    ]
  }
}
