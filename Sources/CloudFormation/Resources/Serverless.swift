// AWS Amplify Hosting and AWS Lambda: what costs nothing while nobody comes.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Amplify.html (and AWS_Lambda.html)

/// Static pages that are uploaded, not built from a repository.
struct AmplifyApp: ResourceType {
  static let type = "AWS::Amplify::App"
  let name: String
  let description: String
  /// Requests to the path `source` are answered by what answers at `target`.
  let rewrites: [(source: String, target: Text)]
  let tags: [Tag]

  var properties: Object {
    [
      "Name": name, "Description": description, "Platform": "WEB",
      "CustomRules": rewrites.map {
        ["Source": $0.source, "Target": $0.target, "Status": "200"] as Object
      },
      "Tags": tags,
    ]
  }
}

extension Resource<AmplifyApp> {
  var appID: Expression { attribute("AppId") }
  var defaultDomain: Expression { attribute("DefaultDomain") }
}

struct AmplifyBranch: ResourceType {
  static let type = "AWS::Amplify::Branch"
  let app: Resource<AmplifyApp>
  let name: String
  let tags: [Tag]

  var properties: Object {
    [
      "AppId": app.appID, "BranchName": name, "Stage": "PRODUCTION", "EnableAutoBuild": false, "Tags": tags,
    ]
  }
}

extension Resource<AmplifyBranch> {
  var branchName: Expression { attribute("BranchName") }
}

struct AmplifyDomain: ResourceType {
  static let type = "AWS::Amplify::Domain"
  let app: Resource<AmplifyApp>
  let branch: Resource<AmplifyBranch>
  let name: Expression

  var properties: Object {
    [
      "AppId": app.appID, "DomainName": name,
      "SubDomainSettings": [["Prefix": "", "BranchName": branch.branchName] as Object],
    ]
  }
}

extension Resource<AmplifyDomain> {
  /// What to put into the domain's zone so that the certificate is given: `NAME CNAME VALUE`.
  var certificateRecord: Expression { attribute("CertificateRecord") }
}

struct Function: ResourceType {
  static let type = "AWS::Lambda::Function"
  let description: String
  let role: ARN<Role>
  let logs: ResourceID<LogGroup>
  let code: String
  let environment: Object
  let tags: [Tag]

  var properties: Object {
    [
      "Description": description, "Role": role, "Runtime": "python3.13", "Handler": "index.handler",
      "Architectures": ["arm64"], "MemorySize": 256, "Timeout": 10,
      "TracingConfig": ["Mode": "Active"] as Object,
      "LoggingConfig": ["LogGroup": logs, "LogFormat": "JSON"] as Object,
      "Environment": ["Variables": environment] as Object, "Code": ["ZipFile": code] as Object, "Tags": tags,
    ]
  }
}

extension Resource<Function> {
  var arn: ARN<Function> { ARN(value: attribute("Arn")) }
}

struct FunctionURL: ResourceType {
  static let type = "AWS::Lambda::Url"
  let function: ARN<Function>
  var properties: Object { ["TargetFunctionArn": function, "AuthType": "NONE"] }
}

extension Resource<FunctionURL> {
  /// With a slash at the end.
  var url: Expression { attribute("FunctionUrl") }
}

/// Lets everybody call a function by its URL; a `PublicCallPermission` has to be beside it.
struct PublicURLPermission: ResourceType {
  static let type = "AWS::Lambda::Permission"
  let function: ARN<Function>

  var properties: Object {
    [
      "Action": "lambda:InvokeFunctionUrl", "FunctionName": function, "FunctionUrlAuthType": "NONE",
      "Principal": "*",
    ]
  }
}

/// Lets whoever comes by a function's URL, and nobody else, invoke it. URLs that are made since October 2025 need it.
/// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
struct PublicCallPermission: ResourceType {
  static let type = "AWS::Lambda::Permission"
  let function: ARN<Function>

  var properties: Object {
    [
      "Action": "lambda:InvokeFunction", "FunctionName": function, "InvokedViaFunctionUrl": true,
      "Principal": "*",
    ]
  }
}
