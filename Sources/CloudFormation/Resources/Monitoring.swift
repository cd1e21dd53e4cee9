// Amazon CloudWatch, CloudWatch Logs and Amazon SNS: what is seen, and who is told.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudWatch.html (and the other two)

struct LogGroup: ResourceType {
  static let type = "AWS::Logs::LogGroup"
  var retentionDays = 30
  /// nil for CloudWatch's own key.
  var key: ARN<Key>?
  let tags: [Tag]
  var properties: Object { ["RetentionInDays": retentionDays, "KmsKeyId": key, "Tags": tags] }
}

extension Resource<LogGroup> {
  /// With `:*` at the end: all its streams.
  var arn: ARN<LogGroup> { ARN(value: attribute("Arn")) }
}

struct Topic: ResourceType {
  static let type = "AWS::SNS::Topic"
  let key: ResourceID<Key>
  let displayName: String
  let tags: [Tag]
  var properties: Object { ["DisplayName": displayName, "KmsMasterKeyId": key, "Tags": tags] }
}

struct Subscription: ResourceType {
  static let type = "AWS::SNS::Subscription"
  let topic: ResourceID<Topic>
  let email: Expression
  var properties: Object { ["TopicArn": topic, "Protocol": "email", "Endpoint": email] }
}

/// Tells somebody when all of some alarms fire.
struct CompositeAlarm: ResourceType {
  static let type = "AWS::CloudWatch::CompositeAlarm"
  let description: String
  let all: [ResourceID<Alarm>]
  let topic: ResourceID<Topic>

  var properties: Object {
    let rule = Text.joined(all.map { Text("ALARM(\"\($0)\")") }, separator: " AND ")
    return [
      "AlarmDescription": description, "ActionsEnabled": true, "AlarmActions": [topic], "OKActions": [topic],
      "AlarmRule": rule,
    ]
  }
}

/// Tells somebody when a figure is too high.
struct Alarm: ResourceType {
  struct Metric {
    let id: String
    let namespace: String
    let name: String
    let dimensions: [(name: String, value: Expression)]
    var statistic = "Sum"
  }

  static let type = "AWS::CloudWatch::Alarm"
  let description: String
  let metrics: [Metric]
  /// Of the metrics' ids.
  let expression: String
  let label: String
  let periodSeconds: Int
  let threshold: Double
  /// How many of how many periods have to be too high.
  var periods = (bad: 1, of: 1)
  /// Who is told; nil for one that others go by.
  let topic: ResourceID<Topic>?

  var properties: Object {
    let result: Object = ["Id": "result", "Expression": expression, "Label": label, "ReturnData": true]
    return [
      "AlarmDescription": description, "ActionsEnabled": topic != nil,
      "AlarmActions": topic.map { [$0] }, "OKActions": topic.map { [$0] },
      "ComparisonOperator": "GreaterThanThreshold", "Threshold": threshold, "EvaluationPeriods": periods.of,
      "DatapointsToAlarm": periods.bad, "TreatMissingData": "notBreaching",
      "Metrics": [result] + metrics.map(query),
    ]
  }

  private func query(_ metric: Metric) -> Object {
    let dimensions = metric.dimensions.map { ["Name": $0.name, "Value": $0.value] as Object }
    return [
      "Id": metric.id, "ReturnData": false,
      "MetricStat": [
        "Metric": ["Namespace": metric.namespace, "MetricName": metric.name, "Dimensions": dimensions]
          as Object,
        "Period": periodSeconds, "Stat": metric.statistic,
      ] as Object,
    ]
  }
}
