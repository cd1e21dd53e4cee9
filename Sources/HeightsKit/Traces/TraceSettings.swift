// Where a process's traces go, and which of them are kept.

import Contract
import Foundation

/// What the environment says of traces.
struct TraceSettings: Sendable {
  static let usualShare = 0.01

  let sampling: TraceSampling
  /// A file that they are written to.
  let file: String?
  /// Where they are sent to.
  let endpoint: TraceEndpoint?
  /// What is told of the process.
  let resource: [TracesData.Attribute]

  /// Tells that a variable of OpenTelemetry's is not understood, and what was expected. It is no error: such variables are set for
  /// a whole machine, and whoever sets them may not know of this process.
  typealias Warn = (_ variable: AppVariable, _ expected: String) -> Void

  /// - Returns: nil when they are to go nowhere.
  /// - Throws: `EnvironmentError` for a variable of our own.
  init?(_ variables: [String: String], warn: Warn = TraceSettings.tell) throws {
    file = variables[.tracesFile]
    endpoint = TraceEndpoint(variables, warn)
    guard file != nil || endpoint != nil else { return nil }
    sampling = TraceSampling(share: try Self.share(variables), slowMs: try Self.slowMs(variables))
    resource = Self.resource(variables, warn)
  }

  static func tell(_ variable: AppVariable, _ expected: String) {
    // What it holds is not shown: it may be a password.
    Log.warning(
      "a variable is not understood, and left out",
      [("variable", variable.rawValue), ("expected", expected)])
  }

  private static func share(_ variables: [String: String]) throws -> Double {
    guard let text = variables[.tracesShare] else { return usualShare }
    guard let share = Double(text), (0...1).contains(share) else {
      throw EnvironmentError(
        description:
          "\(AppVariable.tracesShare.rawValue) is '\(text)': expected a number from 0 to 1, such as 0.01")
    }
    return share
  }

  private static func slowMs(_ variables: [String: String]) throws -> Int {
    guard let text = variables[.tracesSlowMs] else { return TracesData.usualSlowMs }
    guard let ms = Int(text), (1...3_600_000).contains(ms) else {
      throw EnvironmentError(
        description:
          "\(AppVariable.tracesSlowMs.rawValue) is '\(text)': expected whole milliseconds from 1 to 3600000")
    }
    return ms
  }

  /// `service.name` first, then what whoever runs the process says of it.
  private static func resource(_ variables: [String: String], _ warn: Warn) -> [TracesData.Attribute] {
    let (values, mistakes) = (variables[.telemetryResource] ?? "").namedValues
    for _ in 0..<mistakes { warn(.telemetryResource, "NAME=VALUE,NAME=VALUE") }
    var attributes = values.map { TracesData.Attribute($0.name, .text($0.value)) }
    let names: [String?] = [
      variables[.telemetryName], attributes["service.name"], variables[.service],
    ]
    let name = names.compactMap { $0 }.first { !$0.isEmpty } ?? "app"
    attributes.removeAll { $0.key == "service.name" }
    return [TracesData.Attribute("service.name", .text(name))] + attributes
  }
}
