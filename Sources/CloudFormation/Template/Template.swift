// A template: what CloudFormation is given for one stack.

/// A CloudFormation template. The order of everything in it is the order in which it was put in, so that the same
/// stack is always written the same way.
public struct Template: Equatable, Sendable {
  public struct Parameter: Equatable, Sendable {
    public let name: String
    /// Such as `String`.
    public let type: String
    public let description: String
    /// nil for what has to be given: the output of another stack.
    public let standard: String?
    public let allowed: [String]
  }

  /// A resource as the template has it.
  public struct Entry: Equatable, Sendable {
    public let logicalID: String
    public let type: String
    public internal(set) var properties: Object
    public let deletionPolicy: DeletionPolicy?
    /// The logical ids of what has to be there before.
    public let dependsOn: [String]
    /// The name of the condition under which it is there.
    public let condition: String?
    public let creationPolicy: Object?
    public let updatePolicy: Object?
    public let metadata: Object
  }

  public struct Output: Equatable, Sendable {
    public let name: String
    public let description: String
    public let value: Expression
  }

  public let description: String
  public internal(set) var parameters: [Parameter] = []
  /// Maps of keys to names and texts.
  public internal(set) var mappings = Object()
  public internal(set) var conditions = Object()
  public internal(set) var resources: [Entry] = []
  public internal(set) var outputs: [Output] = []

  init(description: String) { self.description = description }

  public func resource(_ logicalID: String) -> Entry? { resources.first { $0.logicalID == logicalID } }

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
