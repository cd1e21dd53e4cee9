// AWS Key Management Service, Secrets Manager and Certificate Manager.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_KMS.html (and the other two)

/// A key that data is encrypted with.
struct Key: ResourceType {
  static let type = "AWS::KMS::Key"
  let description: String
  /// Services of the region that may use it for what they keep for this account, such as `logs`.
  let services: [Statement]
  let tags: [Tag]

  var properties: Object {
    let owner = Statement(principal: .account, actions: ["kms:*"], resources: ["*"])
    return [
      "Description": description, "EnableKeyRotation": true, "PendingWindowInDays": 30,
      "KeyPolicy": PolicyDocument(statements: [owner] + services), "Tags": tags,
    ]
  }
}

extension Resource<Key> {
  var arn: ARN<Key> { ARN(value: attribute("Arn")) }
}

/// A secret that is made where it is kept.
struct Secret: ResourceType {
  static let type = "AWS::SecretsManager::Secret"
  let description: String
  let length: Int
  let key: ARN<Key>
  let tags: [Tag]

  var properties: Object {
    [
      "Description": description, "KmsKeyId": key,
      "GenerateSecretString": ["ExcludePunctuation": true, "PasswordLength": length] as Object, "Tags": tags,
    ]
  }
}

extension Resource<Secret> {
  /// The secret itself, looked up by CloudFormation when it is needed and shown nowhere.
  var secret: Expression { Text("{{resolve:secretsmanager:\(id)}}").value }
}

/// A certificate that renews itself as long as the zone has the record that proves the domain.
struct Certificate: ResourceType {
  static let type = "AWS::CertificateManager::Certificate"
  let name: Text
  let alternatives: [Text]
  let zone: ResourceID<HostedZone>
  let tags: [Tag]

  var properties: Object {
    [
      "DomainName": name,
      "SubjectAlternativeNames": alternatives.isEmpty ? nil : alternatives,
      "ValidationMethod": "DNS",
      "DomainValidationOptions": ([name] + alternatives).map {
        ["DomainName": $0, "HostedZoneId": zone] as Object
      },
      "Tags": tags,
    ]
  }
}
