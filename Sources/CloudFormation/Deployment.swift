// From a topology to the stacks that make it on AWS, in the order in which they are deployed.

import Errors
import Topology

/// What a deployment has to be told beyond the topology.
public struct DeploymentOptions: Equatable, Sendable {
  /// The app's name: lower-case letters, digits and dashes. Stacks are named after it.
  public var app: String
  /// The name that people type, such as `example.com`; a hosted zone is made for it.
  public var domain: String
  /// Whether to keep what only holds data of the stage before, so that a climb can move it from there. A first
  /// deployment has none.
  public var keepsPreviousStage: Bool

  /// - Parameter domain: nil for a stand-in under `example.com` (RFC 2606), which is enough to look at templates.
  public init(app: String, domain: String? = nil, keepsPreviousStage: Bool = true) {
    self.app = app
    self.domain = domain ?? Self.standIn(for: app)
    self.keepsPreviousStage = keepsPreviousStage
  }

  /// A name that nobody can own (RFC 2606), for looking at templates before there is a domain.
  static func standIn(for app: String) -> String { "\(app).example.com" }
}

/// Why a topology can't be exported.
public struct DeploymentError: CodedError, Equatable {
  /// A short stable name for scripts.
  public let code: String
  public let description: String
  /// Another domain, region or name mends it.
  public var isMisuse: Bool { true }

  init(_ code: String, _ description: String) {
    self.code = code
    self.description = description
  }
}

/// All stacks of an app at a stage.
public struct Deployment: Equatable, Sendable {
  /// What the app is deployed for.
  public let stage: Stage
  /// The stacks of the home that say for which stage the app is deployed, whether this deployment has them or not: what
  /// runs it, what has its data, what came first.
  public let stageStacks: [String]
  /// Each only takes outputs of those before it.
  public let stacks: [Stack]
  /// What the app's processes are told of where everything is: before they start, once all else is there. Nil where stacks tell
  /// them all that they need.
  public let placement: FirstPlacement?

  /// The most that CloudFormation takes in one request (TemplateBody of CreateStack).
  static let templateBytesLimit = 51_200

  /// The stacks of `topology`. A tier that has not been sized gets the smallest type that makes sense at its stage.
  ///
  /// - Throws: for a region without what the stage needs, a domain that is no name, an app whose names can't be told
  ///   apart in a template, and a template that would be larger than CloudFormation takes.
  public init(of topology: Topology, options: DeploymentOptions) throws(DeploymentError) {
    let blueprint = try Blueprint(topology, options)
    stage = topology.stage
    let kinds: [Stack.Kind] = [.compute, .data, .launch]
    stageStacks = kinds.map { blueprint.name($0.rawValue, in: blueprint.home.code) }
    (stacks, placement) =
      topology.has(.hostedPages) ? ([LaunchStack(blueprint).stack], nil) : blueprint.stacks()
    for stack in stacks {
      let bytes = max(stack.template.json.utf8.count, stack.template.yaml.utf8.count)
      if bytes > Self.templateBytesLimit {
        throw DeploymentError(
          "template_too_large",
          "the template of \(stack.name) has \(bytes) bytes, CloudFormation takes \(Self.templateBytesLimit): "
            + "give the app fewer services or the databases fewer shard ranges per region")
      }
    }
  }

  func stack(_ name: String) -> Stack? { stacks.first { $0.name == name } }
}

extension Blueprint {
  /// From stage 2 on: the names first, then region by region what others need before what needs it.
  fileprivate func stacks() -> ([Stack], FirstPlacement?) {
    var sites = regions.map { RegionStacks(region: $0) }
    let global = GlobalStack(self)
    var launch: [Stack] = []
    if keptStage == .launchPage, hasAmplify { launch = [LaunchStack(self).stack] }

    for index in sites.indices { sites[index].network = NetworkStack(self, sites[index].region) }
    for index in sites.indices where hasCopies(of: sites[index].region) {
      sites[index].copies = CopiesStack(self, sites[index].region)
    }
    for index in sites.indices { sites[index].data = DataStack(self, sites, index) }
    for index in sites.indices { sites[index].clusters = ClusterStack.all(self, sites[index]) }
    for index in sites.indices { sites[index].replicas = ReplicaStack(self, sites, index) }
    for index in sites.indices where topology.has(.redis) {
      sites[index].cache = CacheStack(self, sites[index])
    }
    for index in sites.indices where topology.has(.edges) {
      sites[index].edge = EdgeStack(self, sites, index, global)
    }
    for index in sites.indices { sites[index].gateways = GatewayStack(self, sites[index]) }
    for index in sites.indices { sites[index].services = ComputeStack.services(self, sites, index, global) }
    for index in sites.indices { sites[index].compute = ComputeStack(self, sites, index, global) }

    let data = sites.map { $0.copies?.stack } + sites.map { $0.data?.stack }
    let clusters = sites.flatMap { $0.clusters.map(\.stack) }
    let others = sites.map { $0.replicas?.stack } + sites.map { $0.cache?.stack }
    let front = sites.map { $0.edge?.stack } + sites.map { $0.gateways?.stack }
    let services = sites.flatMap { $0.services.map(\.stack) } + sites.compactMap { $0.compute?.stack }
    let stacks =
      launch + [global.stack] + sites.compactMap { $0.network?.stack } + data.compactMap { $0 } + clusters
      + (others + front).compactMap { $0 } + services
    return (stacks, FirstPlacement(self, sites[0]))
  }
}
