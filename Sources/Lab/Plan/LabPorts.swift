// The ports of the engines: the standard ones, or all moved by the same amount.

import Topology

/// Standard ports on addresses of the lab's own.
public struct LabPorts: Codable, Equatable, Sendable {
  /// By how much all are moved when another program has one of them on every address.
  static let shifts = [0, 10_000, 20_000, 30_000]

  /// By how much all are moved; 0 unless another program has one of them on every address.
  public let shift: Int

  /// - Parameter shift: 0 for the standard ports.
  public init(shift: Int = 0) { self.shift = shift }

  /// Of app servers, balancers and edges.
  public var http: Int { 8080 + shift }
  /// Of PostgreSQL.
  public var postgres: Int { 5432 + shift }
  /// Patroni's REST API.
  var patroni: Int { 8008 + shift }
  var etcdClients: Int { 2379 + shift }
  var etcdPeers: Int { 2380 + shift }
  var redis: Int { 6379 + shift }
  /// Of Redis Sentinel.
  public var sentinel: Int { 26_379 + shift }
  /// Of MiniStack's processes.
  var ministack: Int { 4566 + shift }
  /// Over UDP and TCP.
  var dns: Int { 5353 + shift }

  /// Where an app finds what a placement names: the cache by its sentinels.
  public func port(of engine: Tier.Engine) -> Int {
    switch engine {
    case .redis: sentinel
    case .balancer: http
    default: postgres
    }
  }

  var all: [Int] {
    [http, postgres, patroni, etcdClients, etcdPeers, redis, sentinel, ministack, dns]
  }
}
