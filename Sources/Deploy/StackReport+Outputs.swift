// What later steps take of stacks that are deployed.

extension [StackReport] {
  /// A value, or the output that is meant.
  /// - Throws: `DeployError.missingOutput`, which says that `user` needs it.
  func resolve(_ value: ParameterValue, for user: String) throws(DeployError) -> String {
    switch value {
    case .value(let text): return text
    case .output(let stack, let name):
      guard let text = first(where: { $0.name == stack })?.outputs[name] else {
        throw .missingOutput(stack: stack, output: name, neededBy: user)
      }
      return text
    }
  }

  /// The same of each.
  func resolve(_ values: [String: ParameterValue], for user: String) throws(DeployError) -> [String: String] {
    var found: [String: String] = [:]
    for (name, value) in values { found[name] = try resolve(value, for: user) }
    return found
  }
}
