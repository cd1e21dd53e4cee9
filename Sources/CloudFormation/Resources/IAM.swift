// AWS Identity and Access Management: who may do what.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_IAM.html

/// Lets somebody do something with something.
struct Statement: TemplateValue {
  enum Principal {
    case service(String)
    case account
    case everybody
  }

  var effect = "Allow"
  var principal: Principal?
  let actions: [String]
  let resources: [any TemplateValue]
  var conditions: Object?

  var value: Expression {
    var object: Object = ["Effect": effect]
    switch principal {
    case .service(let name): object["Principal"] = (["Service": name] as Object).value
    case .account:
      object["Principal"] = (["AWS": Text("arn:\(.partition):iam::\(.account):root")] as Object).value
    case .everybody: object["Principal"] = .text("*")
    case nil: break
    }
    object["Action"] = actions.count == 1 ? .text(actions[0]) : actions.value
    object["Resource"] = resources.count == 1 ? resources[0].value : .list(resources.map(\.value))
    object["Condition"] = conditions?.value
    return object.value
  }
}

struct PolicyDocument: TemplateValue {
  let statements: [Statement]
  var value: Expression { (["Version": "2012-10-17", "Statement": statements] as Object).value }
}

struct Role: ResourceType {
  struct Policy: TemplateValue {
    let name: String
    let statements: [Statement]

    var value: Expression {
      (["PolicyName": name, "PolicyDocument": PolicyDocument(statements: statements)] as Object).value
    }
  }

  static let type = "AWS::IAM::Role"
  /// The service that may take the role.
  let service: String
  var managedPolicies: [Text] = []
  let policies: [Policy]

  var properties: Object {
    let trust: Object = [
      "Version": "2012-10-17",
      "Statement": [
        ["Effect": "Allow", "Principal": ["Service": service] as Object, "Action": "sts:AssumeRole"] as Object
      ],
    ]
    return [
      "AssumeRolePolicyDocument": trust,
      "ManagedPolicyArns": managedPolicies.isEmpty ? nil : managedPolicies,
      "Policies": policies.isEmpty ? nil : policies,
    ]
  }
}

extension Resource<Role> {
  var arn: ARN<Role> { ARN(value: attribute("Arn")) }
}

/// A role's policy that has to wait for something that names the role.
struct RolePolicy: ResourceType {
  static let type = "AWS::IAM::Policy"
  let role: ResourceID<Role>
  let name: String
  let statements: [Statement]

  var properties: Object {
    ["PolicyName": name, "PolicyDocument": PolicyDocument(statements: statements), "Roles": [role]]
  }
}

struct InstanceProfile: ResourceType {
  static let type = "AWS::IAM::InstanceProfile"
  let role: ResourceID<Role>
  var properties: Object { ["Roles": [role]] }
}

extension Resource<InstanceProfile> {
  var arn: ARN<InstanceProfile> { ARN(value: attribute("Arn")) }
}
