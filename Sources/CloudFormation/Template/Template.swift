// A template: what CloudFormation is given for one stack.

/// A CloudFormation template. The order of everything in it is the order in which it was put in, so that the same
/// stack is always written the same way.
public struct Template: Equatable, Sendable {
  /// What the stack is given when it is deployed.
  public struct Parameter: Equatable, Sendable {
    /// Letters and digits; no resource of the template has it too.
    public let name: String
    /// Such as `String`.
    let type: String
    let description: String
    /// nil for what has to be given: the output of another stack.
    let standard: String?
    /// Empty when any value will do.
    let allowed: [String]
  }

  /// A resource as the template has it.
  struct Entry: Equatable, Sendable {
    let logicalID: String
    let type: String
    var properties: Object
    let deletionPolicy: DeletionPolicy?
    /// The logical ids of what has to be there before.
    let dependsOn: [String]
    /// The name of the condition under which it is there.
    let condition: String?
    let creationPolicy: Object?
    let updatePolicy: Object?
    let metadata: Object
  }

  /// What the stack hands to later stacks, and shows to people.
  public struct Output: Equatable, Sendable {
    /// Letters and digits, unique in the template and the same from stage to stage.
    public let name: String
    let description: String
    let value: Expression
  }

  let description: String
  /// Those of other stacks' outputs, and those that people may set.
  public internal(set) var parameters: [Parameter] = []
  /// Maps of keys to names and texts.
  var mappings = Object()
  var conditions = Object()
  var resources: [Entry] = []
  /// In the order in which they were put in.
  public internal(set) var outputs: [Output] = []

  init(description: String) { self.description = description }

  func resource(_ logicalID: String) -> Entry? { resources.first { $0.logicalID == logicalID } }

  /// The whole as one object, in the order in which templates are read.
  var object: Object {
    [
      "AWSTemplateFormatVersion": "2010-09-09",
      "Description": description,
      "Parameters": section(parameters.map { ($0.name, $0.object) }),
      "Mappings": mappings.isEmpty ? nil : mappings,
      "Conditions": conditions.isEmpty ? nil : conditions,
      "Resources": section(resources.map { ($0.logicalID, $0.object) }),
      "Outputs": section(outputs.map { ($0.name, $0.object) }),
    ]
  }

  private func section(_ members: [(String, Object)]) -> Object? {
    if members.isEmpty { return nil }
    var object = Object()
    for (name, member) in members { object[name] = member.value }
    return object
  }

  /// As indented JSON, with a line's end.
  public var json: String { JSONText.of(object.value) + "\n" }

  /// As YAML with the short forms of CloudFormation's functions.
  public var yaml: String { YAMLText.of(object) }
}

extension Template.Parameter {
  var object: Object {
    [
      "Type": type, "Description": description, "Default": standard,
      "AllowedValues": allowed.isEmpty ? nil : allowed,
    ]
  }
}

extension Template.Entry {
  var object: Object {
    [
      "Type": type,
      "Condition": condition,
      "DeletionPolicy": deletionPolicy?.rawValue,
      "UpdateReplacePolicy": deletionPolicy?.rawValue,
      "DependsOn": dependsOn.isEmpty ? nil : dependsOn,
      "CreationPolicy": creationPolicy,
      "UpdatePolicy": updatePolicy,
      "Metadata": metadata.isEmpty ? nil : metadata,
      "Properties": properties.isEmpty ? nil : properties,
    ]
  }
}

extension Template.Output {
  var object: Object { ["Description": description, "Value": value] }
}
