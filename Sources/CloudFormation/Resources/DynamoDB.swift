// Amazon DynamoDB. https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_DynamoDB.html

/// A table that can be in several regions. It is a global table from its first day, with one replica: changing a
/// plain table's type later would delete it.
struct GlobalTable: ResourceType {
  static let type = "AWS::DynamoDB::GlobalTable"
  /// The name of the key attribute, a text.
  let key: String
  /// The name of the attribute that tells items of one key apart and orders them, a text; nil where a key has one item.
  var sortKey: String?
  /// The attribute that says when an item may go; nil where items stay.
  var expiryAttribute: String?
  /// Where it is. The stack's own region has to be one of them.
  let regions: [String]
  let tags: [Tag]

  private var keys: [(name: String, type: String)] {
    [(key, "HASH")] + (sortKey.map { [($0, "RANGE")] } ?? [])
  }

  var properties: Object {
    [
      "AttributeDefinitions": keys.map { ["AttributeName": $0.name, "AttributeType": "S"] as Object },
      "KeySchema": keys.map { ["AttributeName": $0.name, "KeyType": $0.type] as Object },
      "BillingMode": "PAY_PER_REQUEST",
      "SSESpecification": ["SSEEnabled": true, "SSEType": "KMS"] as Object,
      // Replicas are kept alike through the stream; it is there from the start, so that adding one changes nothing.
      "StreamSpecification": ["StreamViewType": "NEW_AND_OLD_IMAGES"] as Object,
      "TimeToLiveSpecification": expiryAttribute.map {
        ["AttributeName": $0, "Enabled": true] as Object
      },
      "Replicas": regions.map { region in
        [
          "Region": region, "DeletionProtectionEnabled": true,
          "PointInTimeRecoverySpecification": ["PointInTimeRecoveryEnabled": true] as Object,
          "Tags": tags,
        ] as Object
      },
    ]
  }
}

extension Resource<GlobalTable> {
  var arn: ARN<GlobalTable> { ARN(value: attribute("Arn")) }
}
