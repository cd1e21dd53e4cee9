// The placement as JSON.

import Foundation

extension Placement: Codable {
  private enum Key: String, CodingKey, CaseIterable {
    case epoch, clusters, databases, sessions, sessionsSince, cache, objects, services, keys
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
      clusters: values.decodeIfPresent([String: Cluster].self, forKey: .clusters) ?? [:],
      databases: ranges.mapValues { try $0.map(Self.range) },
      sessions: values.decodeIfPresent([SessionStoreName].self, forKey: .sessions) ?? [.sql],
      sessionsSince: Self.since(values.decodeIfPresent([String: Int].self, forKey: .sessionsSince) ?? [:]),
      cache: values.decodeIfPresent(CacheForm.self, forKey: .cache).map(Self.cache),
      objects: values.decodeIfPresent([ObjectStoreName].self, forKey: .objects) ?? [.folder],
      services: values.decodeIfPresent([String: Service].self, forKey: .services) ?? [:],
      keys: values.decodeIfPresent([String: [String]].self, forKey: .keys) ?? [:])
    try check()
  }

  private static func range(_ form: RangeForm) throws -> Range {
    guard let shards = ShardRange(form.shards) else {
      throw PlacementError("shards are '\(form.shards)': expected a range such as 0-4095")
    }
    return Range(shards: shards, cluster: form.cluster)
  }

  private static func since(_ form: [String: Int]) throws -> [SessionStoreName: Int] {
    try form.reduce(into: [:]) { since, entry in
      guard let store = SessionStoreName(rawValue: entry.key) else {
        throw PlacementError("sessionsSince names '\(entry.key)': expected sql or dynamodb")
      }
      since[store] = entry.value
    }
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
    try check()
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(epoch, forKey: .epoch)
    try values.encode(clusters, forKey: .clusters)
    try values.encode(
      databases.mapValues { $0.map { RangeForm(shards: $0.shards.description, cluster: $0.cluster) } },
      forKey: .databases)
    try values.encode(sessions, forKey: .sessions)
    if !sessionsSince.isEmpty {
      let since = sessionsSince.map { ($0.key.rawValue, $0.value) }
      try values.encode(Dictionary(uniqueKeysWithValues: since), forKey: .sessionsSince)
    }
    switch cache {
    case .sentinels(let sentinels, let name):
      try values.encode(CacheForm(sentinels: sentinels, name: name), forKey: .cache)
    case .servers(let servers, let tls):
      try values.encode(CacheForm(servers: servers, tls: tls ? true : nil), forKey: .cache)
    case nil: break
    }
    try values.encode(objects, forKey: .objects)
    // Those of an earlier version, and of the stages below, need not know of them.
    if !services.isEmpty { try values.encode(services, forKey: .services) }
    if !keys.isEmpty { try values.encode(keys, forKey: .keys) }
  }
}

extension Placement.Service: Codable {
  private enum Key: String, CodingKey { case addresses, tls, share, callers }

  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    try self.init(
      addresses: values.decode([ServerAddress].self, forKey: .addresses),
      tls: values.decodeIfPresent(Bool.self, forKey: .tls) ?? false,
      share: values.decode(Int.self, forKey: .share),
      callers: values.decode([String].self, forKey: .callers))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(addresses, forKey: .addresses)
    // As with a cache: those of an earlier version need not know of it where there is none.
    if tls { try values.encode(true, forKey: .tls) }
    try values.encode(share, forKey: .share)
    try values.encode(callers, forKey: .callers)
  }
}

extension Placement {
  /// Reads a document.
  /// - Throws: `PlacementError` that says what is wrong.
  public init(json: Data) throws(PlacementError) {
    do {
      self = try JSONDecoder().decode(Placement.self, from: json)
    } catch {
      throw Self.describe(error)
    }
    // A writer that says more than this reader understands would be followed by half.
    let keys = (try? JSONSerialization.jsonObject(with: json) as? [String: Any])?.keys.sorted() ?? []
    if let unknown = keys.first(where: { Key(rawValue: $0) == nil }) {
      throw PlacementError(
        "'\(unknown)' is not understood: expected \(Key.allCases.map(\.rawValue).joined(separator: ", "))")
    }
  }

  private static func describe(_ error: any Error) -> PlacementError {
    switch error {
    case let error as PlacementError: error
    case DecodingError.keyNotFound(let key, _): PlacementError("\(key.stringValue) is missing")
    case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
      DecodingError.dataCorrupted(let context):
      PlacementError(
        context.codingPath.isEmpty
          ? "the document is not JSON"
          : "\(context.codingPath.map(\.stringValue).joined(separator: ".")) is not what it should be")
    default: PlacementError("the document is not understood")
    }
  }

  /// The document, the same for equal placements.
  /// - Throws: `PlacementError` when it is not possible.
  public var json: Data {
    get throws(PlacementError) {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      do { return try encoder.encode(self) } catch { throw Self.describe(error) }
    }
  }
}
