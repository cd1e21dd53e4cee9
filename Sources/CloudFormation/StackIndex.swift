// stacks.json: what to deploy where, in which order, and what each stack is given.

import Topology

/// The index of a deployment that was written to a folder.
///
/// As JSON: `{"stage": 3, "stacks": [{"name", "region", "file", "kind", "parameters": {"P": {"value": "v"}} or
/// {"P": {"output": {"stack": "s", "name": "o"}}}}]}`. A stack only takes outputs of those before it.
public struct StackIndex: Codable, Equatable, Sendable {
  public struct Output: Codable, Equatable, Sendable {
    public let stack: String
    public let name: String
  }

  /// One of the two is there.
  public struct Argument: Codable, Equatable, Sendable {
    public let value: String?
    public let output: Output?
  }

  public struct Entry: Codable, Equatable, Sendable {
    public let name: String
    public let region: String
    /// Beside the index.
    public let file: String
    public let parameters: [String: Argument]
    public let kind: Stack.Kind
  }

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
