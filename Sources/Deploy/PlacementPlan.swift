// Where everything is, for the app's processes: what a deployment writes once what it names is there.

import CSodium
import Foundation
import Placement

/// The document that an app's processes go by, in a table of DynamoDB.
public struct PlacementPlan: Equatable, Sendable {
  /// Of the table.
  public let region: String
  /// The table's name.
  public let table: ParameterValue
  /// Without keys. Hosts that are keys of `hosts` stand for what these are.
  public let document: Placement
  /// By the stand-in.
  public let hosts: [String: ParameterValue]
  /// By the service that calls others: the secret that its key is made of.
  public let keys: [String: ParameterValue]
  /// Whether nobody goes by the one before any more: then services and callers that are not of this one are taken out.
  public var isSettled = false

  /// - Parameters:
  ///   - document: without keys.
  ///   - hosts: what is to stand in place of hosts of the document, by these.
  ///   - keys: the name or ARN of a secret for each service that calls others.
  public init(
    region: String, table: ParameterValue, document: Placement, hosts: [String: ParameterValue],
    keys: [String: ParameterValue]
  ) {
    self.region = region
    self.table = table
    self.document = document
    self.hosts = hosts
    self.keys = keys
  }
}

/// The key that services know a caller by. Its secret half is the SHA-256 of a secret, whatever that is: servers make the same of it.
enum CallerKey {
  /// As placements have it.
  static func shown(of secret: String) -> String {
    // It may have been done before.
    _ = sodium_init()
    let text = Array(secret.utf8)
    var seed = [UInt8](repeating: 0, count: Int(crypto_hash_sha256_BYTES))
    crypto_hash_sha256(&seed, text, UInt64(text.count))
    var shown = [UInt8](repeating: 0, count: Int(crypto_sign_PUBLICKEYBYTES))
    var hidden = [UInt8](repeating: 0, count: Int(crypto_sign_SECRETKEYBYTES))
    crypto_sign_seed_keypair(&shown, &hidden, seed)
    sodium_memzero(&hidden, hidden.count)
    return Placement.key(shown)
  }
}

extension Placement {
  /// How many keys of a caller are known: its own, and the one before it, with which what runs still signs.
  private static let keysKept = 2

  /// With other hosts in place of stand-ins.
  func naming(_ hosts: [String: String]) -> Placement {
    func named(_ addresses: [ServerAddress]) -> [ServerAddress] {
      addresses.map { ServerAddress(host: hosts[$0.host] ?? $0.host, port: $0.port) }
    }
    var copy = self
    copy.clusters = clusters.mapValues { Cluster(members: named($0.members)) }
    switch cache {
    case .servers(let addresses, let tls): copy.cache = .servers(named(addresses), tls: tls)
    case .sentinels(let addresses, let name): copy.cache = .sentinels(named(addresses), name: name)
    case nil: break
    }
    for (name, service) in services { copy.services[name]?.addresses = named(service.addresses) }
    return copy
  }

  /// What a deployment makes of the placement that is there: where things are is as `wanted` has it, and what it does not know stays:
  /// shards that somebody has moved, shares of calls, stores that others were put into, keys that what runs still signs with.
  /// - Parameter isSettled: whether services and callers that are not in `wanted` are taken out; else they stay, since who runs may be
  ///   of an earlier release.
  /// - Returns: nil when nothing changes.
  func following(_ wanted: Placement, isSettled: Bool = false) -> Placement? {
    let next = next { next in
      next.clusters.merge(wanted.clusters) { $1 }
      next.databases.merge(wanted.databases) { known, _ in known }
      next.cache = wanted.cache ?? cache
      for (name, service) in wanted.services {
        next.services[name] = service
        guard let known = services[name] else { continue }
        next.services[name]?.share = known.share
        if isSettled { continue }
        next.services[name]?.callers += known.callers.filter { !service.callers.contains($0) }
      }
      for (name, newest) in wanted.keys {
        let known = keys[name, default: []].filter { !newest.contains($0) }
        next.keys[name] = (known + newest).suffix(Self.keysKept)
      }
      if isSettled {
        next.services = next.services.filter { wanted.services[$0.key] != nil }
        next.keys = next.keys.filter { wanted.keys[$0.key] != nil }
      }
    }
    var same = next
    same.epoch = epoch
    return same == self ? nil : next
  }
}
