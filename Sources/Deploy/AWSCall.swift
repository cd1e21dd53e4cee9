// Calls of the AWS CLI as values: the words, and how long one may take.

/// One call of `aws`, without the program's name and without what every call has.
struct AWSCall: Equatable, Sendable {
  /// A call for data ends within seconds; more means that the network is gone.
  private static let requestS = 120.0
  /// An upload of a few hundred MB over a slow line.
  private static let uploadS = 1800.0

  let words: [String]
  var region: String?
  var limitS = Self.requestS

  /// What the call does, for an error: "cloudformation describe-stacks".
  var title: String { words.prefix(2).joined(separator: " ") }

  static func identity(region: String) -> AWSCall {
    AWSCall(words: ["sts", "get-caller-identity"], region: region)
  }

  static func describe(_ stack: String, region: String) -> AWSCall {
    AWSCall(words: ["cloudformation", "describe-stacks", "--stack-name", stack], region: region)
  }

  /// As it was given, before transforms.
  static func template(of stack: StackPlan) -> AWSCall {
    cloudFormation("get-template", stack, ["--template-stage", "Original"])
  }

  /// Both paths are of JSON files; on the command line a comma in a parameter's value would end it.
  static func createChangeSet(
    _ stack: StackPlan, _ kind: DeployEngine.Kind, name: String, templatePath: String, parametersPath: String
  ) -> AWSCall {
    cloudFormation(
      "create-change-set", stack,
      [
        "--change-set-name", name, "--change-set-type", kind.rawValue,
        "--template-body", "file://\(templatePath)", "--parameters", "file://\(parametersPath)",
        "--capabilities", "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM",
      ])
  }

  static func describeChangeSet(_ stack: StackPlan, id: String) -> AWSCall {
    cloudFormation("describe-change-set", stack, ["--change-set-name", id])
  }

  static func deleteChangeSet(_ stack: StackPlan, id: String) -> AWSCall {
    cloudFormation("delete-change-set", stack, ["--change-set-name", id])
  }

  static func execute(_ stack: StackPlan, id: String) -> AWSCall {
    cloudFormation("execute-change-set", stack, ["--change-set-name", id])
  }

  /// The newest come first: enough for the operation that has just ended.
  static func events(of stack: StackPlan) -> AWSCall {
    cloudFormation("describe-stack-events", stack, ["--max-items", "500"])
  }

  static func headObject(bucket: String, key: String, region: String) -> AWSCall {
    AWSCall(words: ["s3api", "head-object", "--bucket", bucket, "--key", key], region: region)
  }

  static func upload(file path: String, to address: String, _ plan: UploadPlan) -> AWSCall {
    copy(path, address, plan, [])
  }

  static func upload(folder path: String, to address: String, _ plan: UploadPlan) -> AWSCall {
    let rest = ["--recursive", "--no-follow-symlinks", "--exclude", ".*", "--exclude", "*/.*"]
    return copy(path, address, plan, rest)
  }

  private static func copy(_ path: String, _ address: String, _ plan: UploadPlan, _ rest: [String]) -> AWSCall
  {
    let caching = plan.cacheControl.map { ["--cache-control", $0] } ?? []
    let words = ["s3", "cp", path, address, "--only-show-errors"] + rest + caching
    return AWSCall(words: words, region: plan.region, limitS: uploadS)
  }

  static func startDeployment(
    app: String, branch: String, bucket: String, prefix: String, region: String
  ) -> AWSCall {
    AWSCall(
      words: [
        "amplify", "start-deployment", "--app-id", app, "--branch-name", branch,
        "--source-url", "s3://\(bucket)/\(prefix)", "--source-url-type", "BUCKET_PREFIX",
      ], region: region)
  }

  static func deploymentJob(app: String, branch: String, job: String, region: String) -> AWSCall {
    AWSCall(
      words: ["amplify", "get-job", "--app-id", app, "--branch-name", branch, "--job-id", job],
      region: region)
  }

  static func secret(_ id: String, region: String) -> AWSCall {
    AWSCall(words: ["secretsmanager", "get-secret-value", "--secret-id", id], region: region)
  }

  static func placement(in table: String, region: String) -> AWSCall {
    AWSCall(
      words: [
        "dynamodb", "get-item", "--table-name", table, "--consistent-read", "--key",
        #"{"id":{"S":"\#(PlacementAnswer.id)"}}"#,
      ], region: region)
  }

  /// - Parameter path: of a JSON file with the whole request.
  static func putItem(_ path: String, region: String) -> AWSCall {
    AWSCall(words: ["dynamodb", "put-item", "--cli-input-json", "file://\(path)"], region: region)
  }

  private static func cloudFormation(_ verb: String, _ stack: StackPlan, _ rest: [String] = []) -> AWSCall {
    AWSCall(words: ["cloudformation", verb, "--stack-name", stack.name] + rest, region: stack.region)
  }
}

/// A parameter of a change set, as CloudFormation reads it.
struct GivenParameter: Encodable {
  private enum CodingKeys: String, CodingKey {
    case name = "ParameterKey"
    case value = "ParameterValue"
    case keepsValue = "UsePreviousValue"
  }

  let name: String
  let value: String?
  let keepsValue: Bool

  /// - Parameter value: nil for the one that the stack has.
  init(name: String, value: String?) {
    self.name = name
    self.value = value
    keepsValue = value == nil
  }
}
