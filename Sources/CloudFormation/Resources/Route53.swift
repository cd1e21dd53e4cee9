// Amazon Route 53: names. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Route53.html

import Policies

struct HostedZone: ResourceType {
  static let type = "AWS::Route53::HostedZone"
  let name: Expression
  let tags: [Tag]

  var properties: Object {
    [
      "Name": name, "HostedZoneConfig": ["Comment": "Made by heights template."] as Object,
      "HostedZoneTags": tags,
    ]
  }
}

extension Resource<HostedZone> {
  var nameServers: Expression { .joined(list: attribute("NameServers"), separator: ", ") }
}

/// A record that is chosen among others of its name. Every record of ours has a policy from its first day: one with
/// and one without a policy can't stand beside each other, so that one could not be added later.
struct RecordSet: ResourceType {
  enum Target {
    /// IPv4 addresses.
    case address(Expression)
    /// A load balancer or CDN, by its name and the zone that this is in.
    case alias(name: Expression, zone: Expression, followsHealth: Bool)
  }

  enum Policy {
    /// Its share of the questions.
    case weight(Int)
    /// To those whom this region is nearest.
    case latency(region: String)
  }

  static let type = "AWS::Route53::RecordSet"
  let zone: ResourceID<HostedZone>
  let name: Expression
  var type = "A"
  /// Tells it from others of its name.
  let identifier: String
  let policy: Policy
  let target: Target
  var healthCheck: ResourceID<HealthCheck>?

  var properties: Object {
    var properties: Object = [
      "HostedZoneId": zone, "Name": name, "Type": type, "SetIdentifier": identifier,
      "HealthCheckId": healthCheck,
    ]
    switch policy {
    case .weight(let weight): properties["Weight"] = .integer(weight)
    case .latency(let region): properties["Region"] = .text(region)
    }
    switch target {
    case .address(let address):
      properties["TTL"] = .text(String(HealthChecks.route53AnswerSeconds))
      properties["ResourceRecords"] = .list([address])
    case .alias(let name, let zone, let followsHealth):
      properties["AliasTarget"] = .object([
        "DNSName": name, "HostedZoneId": zone, "EvaluateTargetHealth": followsHealth,
      ])
    }
    return properties
  }
}

/// Asks from several places whether something answers.
struct HealthCheck: ResourceType {
  enum Target {
    case http(address: Expression, port: Int)
    case https(name: Expression)
  }

  static let type = "AWS::Route53::HealthCheck"
  let target: Target
  let path: String
  let tags: [Tag]

  var properties: Object {
    var configuration: Object =
      switch target {
      case .http(let address, let port): ["Type": "HTTP", "IPAddress": address, "Port": port]
      case .https(let name):
        ["Type": "HTTPS", "FullyQualifiedDomainName": name, "Port": 443, "EnableSNI": true]
      }
    configuration["ResourcePath"] = .text(path)
    configuration["RequestInterval"] = .integer(HealthChecks.route53.intervalMs / 1_000)
    configuration["FailureThreshold"] = .integer(HealthChecks.route53.failures)
    return ["HealthCheckConfig": configuration, "HealthCheckTags": tags]
  }
}
