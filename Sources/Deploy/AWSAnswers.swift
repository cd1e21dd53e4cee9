// What the AWS CLI answers, as far as a deployment reads it. AWS begins most keys with a capital letter: `AWSClient`
// reads them as if they did not.

import Foundation

/// `sts get-caller-identity`.
struct CallerIdentity: Decodable {
  let account: String
}

/// `cloudformation describe-stacks`.
struct StacksAnswer: Decodable {
  struct Stack: Decodable {
    struct Output: Decodable {
      let outputKey: String
      let outputValue: String?
    }

    struct Parameter: Decodable {
      let parameterKey: String
      let parameterValue: String?
    }

    let stackStatus: String
    let outputs: [Output]?
    let parameters: [Parameter]?
  }

  let stacks: [Stack]

  var description: StackDescription? {
    stacks.first.map { stack in
      StackDescription(
        status: StackStatus(stack.stackStatus),
        outputs: Self.named((stack.outputs ?? []).map { ($0.outputKey, $0.outputValue) }),
        parameters: Self.named((stack.parameters ?? []).map { ($0.parameterKey, $0.parameterValue) }))
    }
  }

  private static func named(_ pairs: [(String, String?)]) -> [String: String] {
    Dictionary(pairs.compactMap { name, value in value.map { (name, $0) } }) { first, _ in first }
  }
}

/// `secretsmanager get-secret-value`.
struct SecretAnswer: Decodable {
  /// Nil for a secret of other bytes than text.
  let secretString: String?
}

/// `dynamodb get-item`, of the placement.
struct PlacementAnswer: Decodable {
  /// Of the item.
  static let id = "placement"

  struct Item: Decodable {
    struct Value: Decodable { let s: String }
    let document: Value
  }

  let item: Item?
}

/// `cloudformation create-change-set`.
struct ChangeSetCreated: Decodable {
  let id: String
}

/// `cloudformation describe-change-set`.
struct ChangeSetAnswer: Decodable {
  struct Entry: Decodable {
    struct Resource: Decodable {
      let action: String
      let logicalResourceId: String
      let resourceType: String
      let replacement: String?
      let policyAction: String?
      let details: [Detail]?

      /// Resources whose replacement this change would follow; an attribute of one is `Resource.Attribute`.
      var causes: Set<String> {
        Set(
          (details ?? []).filter { $0.target?.requiresRecreation != "Never" }
            .compactMap { $0.causingEntity?.prefix { $0 != "." } }.map(String.init))
      }
    }

    struct Detail: Decodable {
      struct Target: Decodable {
        let requiresRecreation: String?
      }

      let target: Target?
      let causingEntity: String?
    }

    let resourceChange: Resource?
  }

  let status: String
  let statusReason: String?
  let changes: [Entry]?

  /// CloudFormation calls a change set without changes failed, and has only its words to tell it from the others.
  private static let wordsOfEmpty = ["didn't contain changes", "No updates are to be performed"]

  static func isEmpty(_ reason: String) -> Bool { wordsOfEmpty.contains { reason.contains($0) } }

  var state: DeployEngine.ChangeSetState {
    let reason = statusReason ?? "CloudFormation gives no reason"
    switch status {
    case "CREATE_COMPLETE": return .ready(ChangeSet(changes: lines))
    case "FAILED" where Self.isEmpty(reason): return .empty
    case "CREATE_PENDING", "CREATE_IN_PROGRESS": return .pending
    default: return .failed(reason: "\(status): \(reason)")
    }
  }

  private var lines: [Change] {
    (changes ?? []).compactMap { entry in
      entry.resourceChange.map {
        Change(
          action: $0.action, resource: $0.logicalResourceId, type: $0.resourceType,
          // A word that is not known may mean anything: then it counts as 'might'.
          replacement: $0.replacement.map { Change.Replacement(rawValue: $0) ?? .perhaps },
          policyAction: $0.policyAction, causes: $0.causes)
      }
    }
  }
}

/// `cloudformation describe-stack-events`, the newest first.
struct StackEventsAnswer: Decodable {
  struct Event: Decodable {
    let logicalResourceId: String
    let resourceType: String?
    let resourceStatus: String?
    let resourceStatusReason: String?
  }

  let stackEvents: [Event]

  /// Those of the last operation in their order, without those that failed only because another had.
  func failures(stack: String) -> [StackFailure] {
    let last = stackEvents.prefix { event in
      event.logicalResourceId != stack || !Self.begins(event.resourceStatus)
    }
    let failed = last.reversed().filter { event in
      event.resourceStatus?.hasSuffix("_FAILED") == true
        && event.resourceStatusReason?.contains("cancelled") != true
    }
    return failed.map {
      StackFailure(
        resource: $0.logicalResourceId, type: $0.resourceType ?? "?",
        reason: $0.resourceStatusReason ?? "no reason given")
    }
  }

  /// Whether a stack's own event is the first of an operation; a rollback belongs to the operation before it.
  private static func begins(_ status: String?) -> Bool {
    ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"].contains(status)
  }
}

/// `cloudformation get-template`: the template as text, or as JSON where it was JSON.
struct TemplateAnswer {
  let text: String

  /// Nil when the answer is something else.
  init?(_ answer: Data) {
    guard let object = try? JSONSerialization.jsonObject(with: answer) as? [String: Any] else { return nil }
    switch object["TemplateBody"] {
    case let text as String: self.text = text
    case let template as [String: Any]:
      guard let data = try? JSONSerialization.data(withJSONObject: template, options: .sortedKeys) else {
        return nil
      }
      text = String(decoding: data, as: UTF8.self)
    default: return nil
    }
  }
}

/// `amplify start-deployment` and `amplify get-job`.
struct AmplifyJob: Decodable {
  struct Summary: Decodable {
    let jobId: String
    let status: String
  }

  struct Job: Decodable {
    let summary: Summary
  }

  let jobSummary: Summary?
  let job: Job?

  var summary: Summary? { jobSummary ?? job?.summary }
}
