// What a change would cost: judged by what CloudFormation says it will do, and by the templates themselves.

import Foundation

/// Something that would be lost.
public struct DataLoss: Equatable, Sendable, Codable {
  /// The logical id.
  public let resource: String
  /// The rest of the sentence: "would be replaced".
  public let reason: String

  /// - Parameter reason: the rest of a sentence that begins with the resource.
  public init(resource: String, reason: String) {
    self.resource = resource
    self.reason = reason
  }
}

/// A stack's template with the values of its parameters: as it is deployed, or as it shall be.
public struct FilledTemplate: Equatable, Sendable {
  /// JSON or YAML.
  public let text: String
  /// Of all its parameters that are known, those with defaults too.
  public let parameters: [String: String]

  init(text: String, parameters: [String: String]) {
    self.text = text
    self.parameters = parameters
  }
}

/// What is known of data by whoever made the templates.
public struct DataRules: Sendable {
  /// What an update of `stack` from `deployed` to `next` would lose; nil for templates that can't be read,
  /// empty when nothing would.
  public typealias Comparison =
    @Sendable (_ stack: StackPlan, _ deployed: FilledTemplate, _ next: FilledTemplate) -> [DataLoss]?

  /// Whether a resource of that type holds data, or what data can't be reached without.
  let holdsData: @Sendable (_ type: String) -> Bool
  /// What an update of that stack would lose, whatever CloudFormation says; nil for templates that it can't read.
  let losses: Comparison

  /// Both are asked often, and from any thread.
  public init(holdsData: @escaping @Sendable (_ type: String) -> Bool, losses: @escaping Comparison) {
    self.holdsData = holdsData
    self.losses = losses
  }

  /// What a change set would lose. What is retained or leaves a snapshot when it goes is not lost, and a follower's
  /// data is its leader's.
  /// - Parameters:
  ///   - deployed: the template that the stack has; nil for a new stack.
  ///   - wasCompared: whether the templates were compared. Then a replacement that 'might' be only counts when it
  ///     follows another: whether something is changed that can't be, the comparison knows better than CloudFormation.
  func losses(of changeSet: ChangeSet, deployed: String?, wasCompared: Bool) -> [DataLoss] {
    let traits = deployed.map(ResourceTraits.all) ?? [:]
    return changeSet.changes.compactMap { change in
      let traits = traits[change.resource]
      guard holdsData(change.type), traits?.isFollower != true else { return nil }
      let counts = !wasCompared || changeSet.isDrawnAlong(change)
      return Self.reason(change, traits, mightCounts: counts).map {
        DataLoss(resource: change.resource, reason: "(\(change.type)) \($0)")
      }
    }
  }

  private static func reason(_ change: Change, _ traits: ResourceTraits?, mightCounts: Bool) -> String? {
    switch (change.action, change.replacement) {
    case ("Remove", _):
      let policy = change.policyAction ?? traits?.deletionPolicy ?? "Delete"
      return ["Retain", "Snapshot"].contains(policy) ? nil : "would be removed"
    case (_, .always): return "would be replaced by an empty one"
    case (_, .perhaps) where mightCounts: return "might be replaced by an empty one"
    default: return nil
    }
  }
}

/// What a template says of a resource, as far as it matters when it goes.
struct ResourceTraits {
  let deletionPolicy: String?
  /// Whether it is a database that copies another.
  let isFollower: Bool

  /// By logical id; nothing for a template that is not JSON, which none of ours is.
  static func all(in template: String) -> [String: ResourceTraits] {
    let object = try? JSONSerialization.jsonObject(with: Data(template.utf8)) as? [String: Any]
    let resources = object?["Resources"] as? [String: [String: Any]] ?? [:]
    return resources.mapValues { resource in
      let properties = resource["Properties"] as? [String: Any]
      return ResourceTraits(
        deletionPolicy: resource["DeletionPolicy"] as? String,
        isFollower: properties?["SourceDBInstanceIdentifier"] != nil)
    }
  }
}
