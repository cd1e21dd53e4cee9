// What linters and emulators miss: an update that would replace or delete what holds data. `heights deploy` asks here
// before it changes anything.

/// Something in a set of stacks that would lose data, or would not do what it says.
public struct DataGuardFinding: Equatable, Sendable, CustomStringConvertible {
  let stack: String
  /// The logical id; nil when it is about the whole stack.
  public let resource: String?
  /// nil when it is about the whole resource.
  public let property: String?
  /// What would happen, to be read after the property's name: `would shrink from 20 to 10, which AWS refuses`.
  public let problem: String
  /// What to do.
  public let advice: String

  public var description: String {
    let place = [stack, resource, property].compactMap { $0 }.joined(separator: "/")
    return "\(place): \(problem); \(advice)"
  }
}

/// A stack as it is, or as it would be: resources, and what its parameters are given.
public struct GuardedStack: Sendable {
  let name: String
  let region: String
  let resources: [Template.Entry]
  let arguments: [String: String]
  let defaults: [String: String]

  /// A stack that has been generated; outputs of others stand for themselves.
  init(_ stack: Stack) {
    var arguments: [String: String] = [:]
    for input in stack.inputs {
      switch input.argument {
      case .value(let value): arguments[input.parameter] = value
      case .output(let stack, let name): arguments[input.parameter] = "\(stack).\(name)"
      }
    }
    self.init(stack, arguments: arguments)
  }

  /// A stack with the values that its parameters really have.
  init(_ stack: Stack, arguments: [String: String]) {
    let defaults = Dictionary(
      stack.template.parameters.compactMap { parameter in parameter.standard.map { (parameter.name, $0) } },
      uniquingKeysWith: { first, _ in first })
    self.init(
      name: stack.name, region: stack.region, resources: stack.template.resources, arguments: arguments,
      defaults: defaults)
  }

  init(
    name: String, region: String, resources: [Template.Entry], arguments: [String: String],
    defaults: [String: String]
  ) {
    self.name = name
    self.region = region
    self.resources = resources
    self.arguments = arguments
    self.defaults = defaults
  }

  /// Properties in the long form, with parameters replaced by what they are given.
  func properties(of entry: Template.Entry) -> Object {
    guard case .object(let object) = entry.properties.value.resolved(argument) else {
      return entry.properties
    }
    return object
  }

  private func argument(_ name: String) -> String? { arguments[name] ?? defaults[name] }

  /// With the values that `old` has where this gives none.
  func keeping(_ old: GuardedStack) -> GuardedStack {
    let kept = old.defaults.merging(old.arguments) { $1 }.filter { defaults[$0.key] != nil }
    return GuardedStack(
      name: name, region: region, resources: resources, arguments: kept.merging(arguments) { $1 },
      defaults: defaults)
  }
}

/// Compares stacks as they are with stacks as they would be, without asking AWS.
public enum DataGuard {
  /// What would be lost or would not work if `old` were updated to `new`. Empty when nothing would.
  public static func findings(from old: [GuardedStack], to new: [GuardedStack]) -> [DataGuardFinding] {
    new.flatMap { SoundChecks(stack: $0).findings }
      + old.flatMap { stack in
        update(of: stack, to: new.first { $0.name == stack.name })
      }
  }

  /// The same for two deployments, or for a first one.
  static func findings(from old: Deployment?, to new: Deployment) -> [DataGuardFinding] {
    findings(from: (old?.stacks ?? []).map(GuardedStack.init), to: new.stacks.map(GuardedStack.init))
  }

  /// Whether an update must never replace or delete a resource of that type.
  public static func holdsData(type: String) -> Bool {
    DataType.of(type).map { $0.loss != .network } ?? false
  }

  private static func update(of old: GuardedStack, to new: GuardedStack?) -> [DataGuardFinding] {
    if let new, new.region != old.region {
      return [
        DataGuardFinding(
          stack: old.name, resource: nil, property: nil,
          problem: "is in \(old.region), and would be in \(new.region)",
          advice: "give the stack of the other region a name of its own")
      ]
    }
    return old.resources.flatMap { entry -> [DataGuardFinding] in
      guard let type = DataType.of(entry.type), !isFollower(entry) else { return [] }
      guard let new, let after = new.resources.first(where: { $0.logicalID == entry.logicalID }) else {
        return removal(of: entry, type, from: old)
      }
      // A parameter that is not given keeps the value that it has.
      let change = Change(type: type, before: entry, after: after, old: old, new: new.keeping(old))
      return change.findings
    }
  }

  /// A follower's data is its leader's.
  static func isFollower(_ entry: Template.Entry) -> Bool {
    entry.type == "AWS::RDS::DBInstance" && entry.properties["SourceDBInstanceIdentifier"] != nil
  }

  /// What leaves a stack has to stay, or to leave a snapshot.
  private static func removal(
    of entry: Template.Entry, _ type: DataType, from stack: GuardedStack
  ) -> [DataGuardFinding] {
    if type.loss == .network || entry.deletionPolicy == .retain || entry.deletionPolicy == .snapshot {
      return []
    }
    return [
      DataGuardFinding(
        stack: stack.name, resource: entry.logicalID, property: "DeletionPolicy",
        problem: "would be deleted with \(type.loss.rawValue)",
        advice: "update the stack with DeletionPolicy: Retain first, then take the resource out")
    ]
  }
}

/// A resource that holds data before and after an update.
private struct Change {
  let type: DataType
  let before: Template.Entry
  let after: Template.Entry
  let old: GuardedStack
  let new: GuardedStack

  var findings: [DataGuardFinding] {
    if before.type != after.type {
      return [
        finding(
          "Type",
          "would be replaced: \(before.type) becomes \(after.type), and \(type.loss.rawValue) would be gone",
          "give the new resource a logical id of its own and move the data")
      ]
    }
    let (was, becomes) = (old.properties(of: before), new.properties(of: after))
    return type.createOnly.compactMap { name in
      guard was[name] != becomes[name] else { return nil }
      return finding(
        name,
        "would be replaced, because this can't be changed (\(text(was[name])) becomes \(text(becomes[name]))): "
          + "\(type.loss.rawValue) would be gone",
        "keep it as it is, or add a second resource and move the data")
    } + type.growing.compactMap { shrinking($0, was[$0], becomes[$0]) }
  }

  private func shrinking(_ name: String, _ was: Expression?, _ becomes: Expression?) -> DataGuardFinding? {
    guard let was = was?.wholeNumber, let becomes = becomes?.wholeNumber, becomes < was else { return nil }
    return finding(
      name, "would shrink from \(was) to \(becomes), which AWS refuses", "keep \(was) or give it more")
  }

  private func finding(_ property: String, _ problem: String, _ advice: String) -> DataGuardFinding {
    DataGuardFinding(
      stack: new.name, resource: before.logicalID, property: property, problem: problem, advice: advice)
  }

  private func text(_ value: Expression?) -> String {
    guard let value else { return "nothing" }
    return JSONText.of(value)
  }
}

extension Expression {
  /// In the long form, with references to parameters replaced by what `argument` knows of them.
  func resolved(_ argument: (String) -> String?) -> Expression {
    switch self {
    case .reference(let name):
      if let text = argument(name) { return .text(text) }
      return .object(longForm)
    case .number(let number): return Int(exactly: number).map { .integer($0) } ?? self
    case .list(let values): return .list(values.map { $0.resolved(argument) })
    case .object(let object):
      // A template that was read back has its references as objects.
      if object.members.count == 1, object.members[0].name == "Ref",
        case .text(let name) = object.members[0].value,
        let text = argument(name)
      {
        return .text(text)
      }
      // In the order of the names: a template that was read back has lost its own.
      var resolved = Object()
      for member in object.members.sorted(by: { $0.name < $1.name }) {
        resolved[member.name] = member.value.resolved(argument)
      }
      return .object(resolved)
    case .text, .integer, .boolean: return self
    default: return Expression.object(longForm).resolved(argument)
    }
  }

  /// A whole number, as such or as text.
  var wholeNumber: Int? {
    switch self {
    case .integer(let number): number
    case .text(let text): Int(text)
    default: nil
    }
  }
}
