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

  /// - Returns: nil when they are to go nowhere.
  /// - Throws: `EnvironmentError`.
  init?(_ variables: [String: String]) throws {
    file = variables[.tracesFile]
    endpoint = try Self.endpoint(variables)
    guard file != nil || endpoint != nil else { return nil }
    sampling = TraceSampling(share: try Self.share(variables), slowMs: try Self.slowMs(variables))
    resource = try Self.resource(variables)
  }

  private static func endpoint(_ variables: [String: String]) throws -> TraceEndpoint? {
    if let own = variables[.tracesEndpoint], !own.isEmpty {
      return try TraceEndpoint(own, of: .tracesEndpoint)
    }
    guard let all = variables[.telemetryEndpoint], !all.isEmpty else { return nil }
    // That of a collector as a whole: each kind has a path of its own below.
    return try TraceEndpoint(all + (all.hasSuffix("/") ? "v1/traces" : "/v1/traces"), of: .telemetryEndpoint)
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
  private static func resource(_ variables: [String: String]) throws -> [TracesData.Attribute] {
    let text = variables[.telemetryResource] ?? ""
    var attributes: [TracesData.Attribute] = []
    for pair in text.split(separator: ",") {
      let parts = pair.split(separator: "=", maxSplits: 1).map {
        $0.trimmingCharacters(in: .whitespaces)
      }
      guard parts.count == 2, let value = parts[1].removingPercentEncoding else {
        throw EnvironmentError(
          description:
            "\(AppVariable.telemetryResource.rawValue) is '\(text)': expected NAME=VALUE,NAME=VALUE")
      }
      attributes.append(TracesData.Attribute(parts[0], .text(value)))
    }
    let name = variables[.telemetryName] ?? attributes["service.name"] ?? variables[.service] ?? "app"
    attributes.removeAll { $0.key == "service.name" }
    return [TracesData.Attribute("service.name", .text(name))] + attributes
  }
}

/// A collector that takes OTLP by HTTP.
struct TraceEndpoint: Equatable, Sendable {
  /// `http://HOST[:PORT]`.
  let origin: String
  /// Where it takes traces: `/v1/traces`.
  let path: String

  /// - Throws: `EnvironmentError`.
  init(_ url: String, of variable: AppVariable) throws {
    let parts = URLComponents(string: url)
    guard let parts, let host = parts.host, !host.isEmpty, parts.user == nil, parts.query == nil,
      parts.scheme == "http"
    else {
      // Not shown: it may hold a password.
      throw EnvironmentError(
        description:
          "\(variable.rawValue) is not understood: expected http://HOST:PORT, as in http://127.0.0.1:4318. "
          + (parts?.scheme == "https"
            ? "Traces are sent without TLS as yet: let an OpenTelemetry Collector on this host take them, and send them on"
            : "It takes OTLP as JSON by HTTP"))
    }
    let place = host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    origin = "http://\(place)" + (parts.port.map { ":\($0)" } ?? "")
    path = parts.path.isEmpty ? "/" : parts.percentEncodedPath
  }
}
