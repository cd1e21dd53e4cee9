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
    endpoint = Self.endpoint(variables, warn)
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

  private static func endpoint(_ variables: [String: String], _ warn: Warn) -> TraceEndpoint? {
    if let own = variables[.tracesEndpoint], !own.isEmpty {
      return endpoint(own, of: .tracesEndpoint, warn)
    }
    guard let all = variables[.telemetryEndpoint], !all.isEmpty else { return nil }
    // That of a collector as a whole: each kind has a path of its own below.
    return endpoint(all + (all.hasSuffix("/") ? "v1/traces" : "/v1/traces"), of: .telemetryEndpoint, warn)
  }

  private static func endpoint(_ url: String, of variable: AppVariable, _ warn: Warn) -> TraceEndpoint? {
    if let endpoint = TraceEndpoint(url) { return endpoint }
    warn(
      variable,
      "http://HOST:PORT, as in http://127.0.0.1:4318. "
        + (url.hasPrefix("https:")
          ? "Traces are sent without TLS as yet: let an OpenTelemetry Collector on this host take them, and send them on"
          : "It takes OTLP as JSON by HTTP"))
    return nil
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
    let text = variables[.telemetryResource] ?? ""
    var attributes: [TracesData.Attribute] = []
    for pair in text.split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      // A value may be empty.
      guard parts.count == 2, !parts[0].isEmpty, let value = parts[1].removingPercentEncoding else {
        warn(.telemetryResource, "NAME=VALUE,NAME=VALUE")
        continue
      }
      attributes.append(TracesData.Attribute(parts[0], .text(value)))
    }
    let names: [String?] = [
      variables[.telemetryName], attributes["service.name"], variables[.service],
    ]
    let name = names.compactMap { $0 }.first { !$0.isEmpty } ?? "app"
    attributes.removeAll { $0.key == "service.name" }
    return [TracesData.Attribute("service.name", .text(name))] + attributes
  }
}

/// A collector that takes OTLP by HTTP.
struct TraceEndpoint: Equatable, Sendable {
  /// `http://HOST[:PORT]`.
  let origin: String
  /// A name, or an address without brackets.
  let host: String
  let port: Int
  /// Where it takes traces: `/v1/traces`.
  let path: String

  /// As the Host header has it.
  var authority: String { String(origin.dropFirst("http://".count)) }

  /// Nil for what is no address of that kind.
  init?(_ url: String) {
    guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty, parts.user == nil,
      parts.query == nil, parts.scheme == "http", (1...65_535).contains(parts.port ?? 80)
    else { return nil }
    self.host = host.trimmingCharacters(in: CharacterSet(charactersIn: "[]"))
    port = parts.port ?? 80
    let place = self.host.contains(":") ? "[\(self.host)]" : self.host
    origin = "http://\(place)" + (parts.port.map { ":\($0)" } ?? "")
    path = parts.path.isEmpty ? "/" : parts.percentEncodedPath
  }
}
