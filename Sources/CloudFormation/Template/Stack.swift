// A stack: a template in a region, and where its parameters come from.

import Topology

/// A stack to be deployed.
public struct Stack: Equatable, Sendable {
  /// What a stack is about. Each kind can be deployed without those behind it, so that what one environment does not
  /// support does not hold up the rest.
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case launch, global, network, data, cache, edge, compute
  }

  /// What a parameter is given.
  public enum Argument: Equatable, Sendable {
    case value(String)
    /// What the stack of that name hands out; it is deployed before this one.
    case output(stack: String, name: String)
  }

  /// A parameter and what it is given.
  public struct Input: Equatable, Sendable {
    /// The name of the template's parameter.
    public let parameter: String
    /// Known when the template is made, or once another stack is there.
    public let argument: Argument
  }

  /// Unique in a deployment, and the same from stage to stage.
  public let name: String
  /// AWS's code of the region that it is deployed in, such as `eu-central-1`.
  public let region: String
  /// What it is about.
  public let kind: Kind
  /// At most `Deployment.templateBytesLimit` bytes, as JSON and as YAML.
  public let template: Template
  /// In the order of the template's parameters. Parameters that have a default may be missing.
  public let inputs: [Input]
}

/// An output of a stack that another stack can take.
struct StackOutput<Carried: CarriedValue>: Sendable {
  let stack: String
  let name: String
  fileprivate let carried: Carried
}

/// Puts a stack together.
struct StackBuilder {
  let name: String
  let region: String
  let kind: Stack.Kind
  private(set) var template: Template
  private var inputs: [Stack.Input] = []

  init(name: String, region: String, kind: Stack.Kind, description: String) {
    self.name = name
    self.region = region
    self.kind = kind
    template = Template(description: description)
  }

  var stack: Stack {
    Stack(name: name, region: region, kind: kind, template: template, inputs: inputs)
  }

  /// Adds a resource under a logical id, which must not change from stage to stage.
  @discardableResult
  mutating func add<Kind: ResourceType>(
    _ logicalID: String, _ resource: Kind, deletion: DeletionPolicy? = nil, after dependencies: [String] = [],
    when condition: String? = nil, creation: Object? = nil, update: Object? = nil,
    accepted: [AcceptedRisk] = []
  ) -> Resource<Kind> {
    checkIsFree(logicalID)
    template.resources.append(
      Template.Entry(
        logicalID: logicalID, type: Kind.type, properties: resource.properties, deletionPolicy: deletion,
        dependsOn: dependencies, condition: condition, creationPolicy: creation, updatePolicy: update,
        metadata: AcceptedRisk.metadata(accepted)))
    return Resource(logicalID: logicalID)
  }

  /// Hands a value to whoever deploys, and to later stacks.
  @discardableResult
  mutating func output<Carried: CarriedValue>(
    _ name: String, _ carried: Carried, _ description: String
  ) -> StackOutput<Carried> {
    template.outputs.append(Template.Output(name: name, description: description, value: carried.value))
    return StackOutput(stack: self.name, name: name, carried: carried)
  }

  /// Says for which stage the stack is. A deployment for another one asks for it: no climb on AWS moves data yet.
  mutating func output(of stage: Stage) {
    output("Stage", Expression.text(String(stage.number)), "The stage that the app is deployed for.")
  }

  /// Takes what another stack has handed out, as the parameter `parameter` (else the output's name).
  mutating func input<Carried: CarriedValue>(
    _ output: StackOutput<Carried>, as parameter: String? = nil
  ) -> Carried {
    if output.stack == name { return output.carried }
    let parameter = parameter ?? output.name
    let argument = Stack.Argument.output(stack: output.stack, name: output.name)
    if !inputs.contains(where: { $0.parameter == parameter }) {
      checkIsFree(parameter)
      add(parameter, "String", "Output \(output.name) of the stack \(output.stack).", standard: nil)
      inputs.append(Stack.Input(parameter: parameter, argument: argument))
    }
    return Carried(value: .reference(parameter))
  }

  /// A parameter that people may set; `value` is what this deployment sets it to, nil for the default.
  mutating func parameter(
    _ name: String, type: String = "String", _ description: String, standard: String, value: String? = nil,
    allowed: [String] = []
  ) -> Expression {
    checkIsFree(name)
    add(name, type, description, standard: standard, allowed: allowed)
    if let value { inputs.append(Stack.Input(parameter: name, argument: .value(value))) }
    return .reference(name)
  }

  /// A condition that holds when a parameter is not empty.
  mutating func condition(_ name: String, given parameter: Expression) -> String {
    let isEmpty: Object = ["Fn::Equals": Expression.list([parameter, .text("")])]
    template.conditions[name] = .object(["Fn::Not": Expression.list([.object(isEmpty)])])
    return name
  }

  /// Keeps a text in the template once; what it returns can stand in many places.
  mutating func text(_ name: String, _ text: String) -> Expression {
    template.mappings["Texts"] = .object([name: ["Text": text] as Object])
    return .mapped("Texts", name, "Text")
  }

  private mutating func add(
    _ name: String, _ type: String, _ description: String, standard: String?, allowed: [String] = []
  ) {
    template.parameters.append(
      Template.Parameter(
        name: name, type: type, description: description, standard: standard, allowed: allowed))
  }

  /// Parameters and resources share one space of names. Which names there are follows from the topology's ids, which
  /// are unique: a name that is taken is a mistake in this module, not in what a user gave.
  private func checkIsFree(_ name: String) {
    let isTaken =
      template.parameters.contains { $0.name == name } || template.resources.contains { $0.logicalID == name }
    precondition(!isTaken, "\(self.name) has two things named \(name)")
  }
}

/// A check of checkov's that a resource does not pass, and why that is right here.
struct AcceptedRisk: Sendable {
  /// Such as `CKV_AWS_21`.
  let check: String
  let reason: String

  /// As checkov reads it from a resource.
  static func metadata(_ risks: [AcceptedRisk]) -> Object {
    if risks.isEmpty { return [:] }
    let skips = risks.map { ["id": $0.check, "comment": $0.reason] as Object }
    return ["checkov": ["skip": skips] as Object]
  }
}
