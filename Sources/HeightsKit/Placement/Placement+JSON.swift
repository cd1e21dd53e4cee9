// The placement as JSON, and as it is read from its file.

import Foundation

extension Placement: Codable {
  private enum Key: String, CodingKey, CaseIterable {
    case epoch, clusters, databases, sessions, cache, objects
  }

  private struct ClusterForm: Codable {
    let members: [ServerAddress]
  }

  private struct RangeForm: Codable {
    let shards: String
    let cluster: String
  }

  private struct CacheForm: Codable {
    var sentinels: [ServerAddress]?
    var name: String?
    var servers: [ServerAddress]?
    /// Of servers; false when it is not there.
    var tls: Bool?
  }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    let ranges = try values.decodeIfPresent([String: [RangeForm]].self, forKey: .databases) ?? [:]
    try self.init(
      epoch: values.decode(Int.self, forKey: .epoch),
      clusters: (values.decodeIfPresent([String: ClusterForm].self, forKey: .clusters) ?? [:])
        .mapValues { Cluster(members: $0.members) },
      databases: ranges.mapValues { try $0.map(Self.range) },
      sessions: values.decodeIfPresent([SessionStoreName].self, forKey: .sessions) ?? [.sql],
      cache: values.decodeIfPresent(CacheForm.self, forKey: .cache).map(Self.cache),
      objects: values.decodeIfPresent([ObjectStoreName].self, forKey: .objects) ?? [.folder])
  }

  private static func range(_ form: RangeForm) throws -> Range {
    let ends = form.shards.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
    guard ends.count == 2, let first = ends[0], let last = ends[1], first <= last, last < Shard.count else {
      throw PlacementError("shards are '\(form.shards)': expected a range such as 0-4095")
    }
    return Range(shards: first...last, cluster: form.cluster)
  }

  private static func cache(_ form: CacheForm) throws -> SharedCache {
    switch (form.sentinels, form.name, form.servers, form.tls) {
    case (let sentinels?, let name?, nil, nil): .sentinels(sentinels, name: name)
    case (nil, nil, let servers?, let tls): .servers(servers, tls: tls ?? false)
    default:
      throw PlacementError("the cache is not understood: expected sentinels and name, or servers (and tls)")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(epoch, forKey: .epoch)
    try values.encode(clusters.mapValues { ClusterForm(members: $0.members) }, forKey: .clusters)
    try values.encode(
      databases.mapValues { $0.map { RangeForm(shards: $0.text, cluster: $0.cluster) } }, forKey: .databases)
    try values.encode(sessions, forKey: .sessions)
    switch cache {
    case .sentinels(let sentinels, let name):
      try values.encode(CacheForm(sentinels: sentinels, name: name), forKey: .cache)
    case .servers(let servers, let tls):
      try values.encode(CacheForm(servers: servers, tls: tls ? true : nil), forKey: .cache)
    case nil: break
    }
    try values.encode(objects, forKey: .objects)
  }
}

extension ServerAddress: Codable {
  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let address = ServerAddress(text) else {
      throw PlacementError("'\(text)' is no address: expected HOST:PORT")
    }
    self = address
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension Placement {
  /// Reads a document.
  /// - Throws: `PlacementError` that says what is wrong.
  public init(json: Data) throws {
    do {
      self = try JSONDecoder().decode(Placement.self, from: json)
    } catch let error as PlacementError {
      throw error
    } catch let error as DecodingError {
      throw PlacementError(Self.describe(error))
    }
    // A writer that says more than this reader understands would be followed by half.
    let keys = (try? JSONSerialization.jsonObject(with: json) as? [String: Any])?.keys.sorted() ?? []
    if let unknown = keys.first(where: { Key(rawValue: $0) == nil }) {
      throw PlacementError(
        "'\(unknown)' is not understood: expected \(Key.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  private static func describe(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, _): "\(key.stringValue) is missing"
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "the document is not JSON"
        : "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is not what it should be"
    @unknown default: "the document is not understood"
    }
  }

  /// The document, the same for equal placements.
  public var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(self)
    }
  }

  /// The placement in a file; nil when there is no file.
  /// - Throws: `PlacementError`.
  public static func read(_ path: String) throws -> Placement? {
    guard let data = FileManager.default.contents(atPath: path) else {
      if access(path, F_OK) == 0 { throw PlacementError("\(path) can't be read") }
      return nil
    }
    do { return try Placement(json: data) } catch let error as PlacementError {
      throw PlacementError("\(path): \(error)")
    }
  }
}
