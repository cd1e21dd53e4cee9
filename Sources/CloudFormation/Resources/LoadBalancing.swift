// Elastic Load Balancing and EC2 Auto Scaling: as many servers as are needed.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ElasticLoadBalancingV2.html (and
// AWS_AutoScaling.html)

import Policies

struct LoadBalancer: ResourceType {
  static let type = "AWS::ElasticLoadBalancingV2::LoadBalancer"
  /// Can't be changed later without a new one.
  let isInternal: Bool
  let subnets: [ResourceID<Subnet>]
  let groups: [ResourceID<SecurityGroup>]
  let logs: (bucket: ResourceID<Bucket>, prefix: String)
  let tags: [Tag]

  var properties: Object {
    let attributes: [(String, any TemplateValue)] = [
      ("access_logs.s3.enabled", "true"),
      ("access_logs.s3.bucket", logs.bucket),
      ("access_logs.s3.prefix", logs.prefix),
      ("deletion_protection.enabled", "true"),
      ("idle_timeout.timeout_seconds", String(KeepAlive.awsBalancerSeconds)),
      ("routing.http.drop_invalid_header_fields.enabled", "true"),
      ("routing.http.desync_mitigation_mode", "strictest"),
    ]
    return [
      "Type": "application", "Scheme": isInternal ? "internal" : "internet-facing", "Subnets": subnets,
      "SecurityGroups": groups,
      "LoadBalancerAttributes": attributes.map { ["Key": $0.0, "Value": $0.1] as Object }, "Tags": tags,
    ]
  }
}

extension Resource<LoadBalancer> {
  var dnsName: Expression { attribute("DNSName") }
  var zone: Expression { attribute("CanonicalHostedZoneID") }
  /// As metrics name it: `app/NAME/ID`.
  var fullName: Expression { attribute("LoadBalancerFullName") }
}

struct TargetGroup: ResourceType {
  static let type = "AWS::ElasticLoadBalancingV2::TargetGroup"
  let vpc: ResourceID<VPC>
  let port: Int
  let healthPath: String
  let tags: [Tag]

  var properties: Object {
    let checks = HealthChecks.targetGroup
    let attributes = [
      ("deregistration_delay.timeout_seconds", String(Leaving.deregistrationSeconds)),
      ("load_balancing.algorithm.type", "least_outstanding_requests"),
    ]
    return [
      "VpcId": vpc, "Protocol": "HTTP", "Port": port, "TargetType": "instance",
      "HealthCheckProtocol": "HTTP", "HealthCheckPath": healthPath,
      "HealthCheckIntervalSeconds": checks.intervalMs / 1_000,
      "HealthCheckTimeoutSeconds": checks.timeoutMs / 1_000,
      "HealthyThresholdCount": checks.successes, "UnhealthyThresholdCount": checks.failures,
      "Matcher": ["HttpCode": "200"] as Object,
      "TargetGroupAttributes": attributes.map { ["Key": $0.0, "Value": $0.1] as Object }, "Tags": tags,
    ]
  }
}

extension Resource<TargetGroup> {
  /// As metrics name it: `targetgroup/NAME/ID`.
  var fullName: Expression { attribute("TargetGroupFullName") }
}

struct Listener: ResourceType {
  enum Action {
    case forward(ResourceID<TargetGroup>, certificate: ResourceID<Certificate>)
    /// From HTTP to HTTPS.
    case redirect
  }

  static let type = "AWS::ElasticLoadBalancingV2::Listener"
  let balancer: ResourceID<LoadBalancer>
  let action: Action

  var properties: Object {
    switch action {
    case .forward(let group, let certificate):
      [
        "LoadBalancerArn": balancer, "Port": 443, "Protocol": "HTTPS",
        // TLS 1.2 and 1.3 only.
        "SslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "Certificates": [["CertificateArn": certificate] as Object],
        "DefaultActions": [["Type": "forward", "TargetGroupArn": group] as Object],
      ]
    case .redirect:
      [
        "LoadBalancerArn": balancer, "Port": 80, "Protocol": "HTTP",
        "DefaultActions": [
          [
            "Type": "redirect",
            "RedirectConfig": [
              "Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301",
            ] as Object,
          ] as Object
        ],
      ]
    }
  }
}

struct AutoScalingGroup: ResourceType {
  static let type = "AWS::AutoScaling::AutoScalingGroup"
  let template: Resource<LaunchTemplate>
  let subnets: [ResourceID<Subnet>]
  let targets: [ResourceID<TargetGroup>]
  let minimum: Int
  let desired: Int
  let maximum: Int
  let name: Expression

  var properties: Object {
    [
      "LaunchTemplate": [
        "LaunchTemplateId": template.id, "Version": template.latestVersion,
      ] as Object,
      "VPCZoneIdentifier": subnets, "TargetGroupARNs": targets,
      "MinSize": String(minimum), "DesiredCapacity": String(desired), "MaxSize": String(maximum),
      // The load balancer's word counts: a server that runs and does not answer is replaced too.
      "HealthCheckType": "ELB", "HealthCheckGracePeriod": 180,
      "DefaultInstanceWarmup": ScalingPace.aws.warmUpSeconds,
      "MetricsCollection": [["Granularity": "1Minute"] as Object],
      "Tags": [["Key": "Name", "Value": name, "PropagateAtLaunch": true] as Object],
    ]
  }

  /// New servers first say that they answer.
  func creation() -> Object {
    ["ResourceSignal": ["Count": desired, "Timeout": "PT15M"] as Object]
  }

  /// A new version goes in one server at a time beyond the least number; a version that does not start ends it.
  func update() -> Object {
    [
      "AutoScalingRollingUpdate": [
        "MinInstancesInService": minimum, "MaxBatchSize": 1, "PauseTime": "PT15M",
        "WaitOnResourceSignals": true,
        "SuspendProcesses": [
          "AlarmNotification", "AZRebalance", "HealthCheck", "ReplaceUnhealthy", "ScheduledActions",
        ],
      ] as Object,
      // The number in service is the load's doing: an update leaves it alone.
      "AutoScalingScheduledAction": ["IgnoreUnmodifiedGroupSizeProperties": true] as Object,
    ]
  }
}

/// Adds and takes away servers so that a figure stays near its target.
struct TargetTracking: ResourceType {
  static let type = "AWS::AutoScaling::ScalingPolicy"
  let group: ResourceID<AutoScalingGroup>
  /// CPU utilisation, 1 to 100.
  let targetPercent: Int

  var properties: Object {
    [
      "AutoScalingGroupName": group, "PolicyType": "TargetTrackingScaling",
      "TargetTrackingConfiguration": [
        "PredefinedMetricSpecification": ["PredefinedMetricType": "ASGAverageCPUUtilization"] as Object,
        "TargetValue": Double(targetPercent),
      ] as Object,
    ]
  }
}
