// stacks.json: what to deploy where, in which order, and what each stack is given.

import Topology

/// The index of a deployment that was written to a folder.
///
/// As JSON: `{"stage": 3, "stacks": [{"name", "region", "file", "kind", "parameters": {"P": {"value": "v"}} or
/// {"P": {"output": {"stack": "s", "name": "o"}}}}]}`. A stack only takes outputs of those before it.
public struct StackIndex: Codable, Equatable, Sendable {
  /// What another stack hands out.
  public struct Output: Codable, Equatable, Sendable {
    /// The name of a stack before this one.
    public let stack: String
    /// As that stack's template calls it.
    public let name: String
  }

  /// One of the two is there.
  public struct Argument: Codable, Equatable, Sendable {
    /// Known when the index was written.
    public let value: String?
    /// Known once that stack is deployed.
    public let output: Output?
  }

  /// A stack to be deployed.
  public struct Entry: Codable, Equatable, Sendable {
    /// Unique in the index, and the same from stage to stage.
    public let name: String
    /// AWS's code, such as `eu-central-1`.
    public let region: String
    /// The name of the file with its template, beside the index.
    public let file: String
    /// By the names of the template's parameters; those that keep their default are not there.
    public let parameters: [String: Argument]
    /// What the stack is about, for who deploys only some.
    public let kind: Stack.Kind
  }

  /// 1 to 7.
  public let stage: Int
  /// In order of deployment.
  public let stacks: [Entry]
}

extension Deployment {
  /// The index of files that are named after their stacks, with the ending `fileExtension`.
  public func index(fileExtension: String) -> StackIndex {
    StackIndex(
      stage: stage.number,
      stacks: stacks.map { stack in
        var parameters: [String: StackIndex.Argument] = [:]
        for input in stack.inputs {
          switch input.argument {
          case .value(let value): parameters[input.parameter] = .init(value: value, output: nil)
          case .output(let stack, let name):
            parameters[input.parameter] = .init(value: nil, output: .init(stack: stack, name: name))
          }
        }
        return StackIndex.Entry(
          name: stack.name, region: stack.region, file: "\(stack.name).\(fileExtension)",
          parameters: parameters,
          kind: stack.kind)
      })
  }
}
