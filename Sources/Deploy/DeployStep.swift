// What a deployment is made of: stacks and uploads, in their order.

/// A parameter's value: known before, or an output of a stack that an earlier step deploys.
public enum ParameterValue: Equatable, Sendable {
  case value(String)
  case output(stack: String, name: String)
}

/// One CloudFormation stack as it shall be.
public struct StackPlan: Equatable, Sendable {
  /// Unique among the stacks of a deployment, whatever their regions.
  public let name: String
  /// AWS's code of it.
  public let region: String
  /// The template's text, JSON or YAML.
  public let template: String
  /// By the names of the template's parameters.
  public let parameters: [String: ParameterValue]
  /// The template's other parameters: a stack that is there keeps the values it has, a new one gets the defaults.
  public let kept: Set<String>

  /// - Parameter kept: parameters of the template that are given nothing new.
  public init(
    name: String, region: String, template: String, parameters: [String: ParameterValue] = [:],
    kept: Set<String> = []
  ) {
    self.name = name
    self.region = region
    self.template = template
    self.parameters = parameters
    self.kept = kept
  }
}

/// What has to be so before anything is changed: the app is not there yet, or is deployed for the same stage.
public struct CheckPlan: Equatable, Sendable {
  /// The first of them that is there decides, by its output `Stage`.
  public let stacks: [String]
  /// Where those stacks would be.
  public let region: String
  /// 1 to 7: the one that is to be deployed.
  public let stage: Int

  /// - Parameter stacks: names, the one that says most about the stage first.
  public init(stacks: [String], region: String, stage: Int) {
    self.stacks = stacks
    self.region = region
    self.stage = stage
  }
}

/// Files that go into a bucket which a stack has made.
public struct UploadPlan: Equatable, Sendable {
  /// What is uploaded.
  public enum Source: Equatable, Sendable {
    /// A file under a key that is made from its content: what is there already is right, and is left alone.
    case file(path: String, key: String)
    /// Everything in a folder, under keys that begin with the prefix. Links and what begins with a dot stay here.
    case folder(path: String, prefix: String)
  }

  /// What it is, for people: "the release summit.tar.gz".
  public let title: String
  /// The bucket's.
  public let region: String
  /// The name of the bucket.
  public let bucket: ParameterValue
  /// A file or a folder on this machine.
  public let source: Source
  /// The `Cache-Control` of each object; nil for none.
  public let cacheControl: String?

  /// - Parameter cacheControl: for how long who gets the objects may keep them; nil leaves that to them.
  public init(
    title: String, region: String, bucket: ParameterValue, source: Source, cacheControl: String? = nil
  ) {
    self.title = title
    self.region = region
    self.bucket = bucket
    self.source = source
    self.cacheControl = cacheControl
  }
}

/// A launch page that goes from its bucket to Amplify Hosting.
public struct PublishPlan: Equatable, Sendable {
  /// Amplify's, and the bucket's.
  public let region: String
  /// The id that Amplify knows the app by.
  public let app: ParameterValue
  /// The branch that people see.
  public let branch: ParameterValue
  /// The name of the bucket that the page was uploaded to.
  public let bucket: ParameterValue
  /// The folder in the bucket, with a slash at its end.
  public let prefix: String

  /// - Parameter prefix: with a slash at its end.
  public init(
    region: String, app: ParameterValue, branch: ParameterValue, bucket: ParameterValue, prefix: String
  ) {
    self.region = region
    self.app = app
    self.branch = branch
    self.bucket = bucket
    self.prefix = prefix
  }
}

/// One step of a deployment.
public enum DeployStep: Equatable, Sendable {
  case check(CheckPlan)
  case stack(StackPlan)
  case upload(UploadPlan)
  case publish(PublishPlan)
  case place(PlacementPlan)

  /// Where AWS is asked to do it.
  public var region: String {
    switch self {
    case .check(let plan): plan.region
    case .stack(let plan): plan.region
    case .upload(let plan): plan.region
    case .publish(let plan): plan.region
    case .place(let plan): plan.region
    }
  }
}
