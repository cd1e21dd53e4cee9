// One process that a lab should run: what it is, where, and when it starts and stops.

import Topology

/// A process of a host. (The app on the public port, as stages 1 to 3 have it, is `Role`'s.)
struct ProcessSpec: Sendable {
  enum Program: Sendable {
    /// A program of the app's, on the host's own address: one of its services, or all of it.
    case instance(service: String?)
    /// A worker's program, beside an instance.
    case worker(Manifest.Worker)
    case engine(any Engine)
  }

  /// What a process builds on: the order of starts, and the other way round that of stops.
  enum Layer: Int, Comparable, Sendable {
    /// Leads people to what is behind it, and finds that by itself.
    case door, edge, balancer
    /// Does what the app leaves for it, in tables that the app has made.
    case worker
    /// Answers people, and asks the stores and services.
    case app
    /// Leads services to those they call, and finds these by itself.
    case innerBalancer
    /// Answers other services, and asks the stores.
    case service
    /// Keeps watch over stores, and makes them one.
    case keeper
    /// Stores by themselves.
    case store

    static func < (left: Layer, right: Layer) -> Bool { left.rawValue < right.rawValue }
  }

  let name: String
  let host: Host
  let layer: Layer
  let program: Program

  var kind: ProcessKind { ProcessKind(name: name) }
  var engine: (any Engine)? { if case .engine(let engine) = program { engine } else { nil } }
  var balancer: (any Balancer)? { engine as? any Balancer }
  var isInstance: Bool { if case .instance = program { true } else { false } }
  /// Nil for everything that is none.
  var worker: Manifest.Worker? { if case .worker(let worker) = program { worker } else { nil } }
  /// Whether it runs a program of the app's.
  var runsApp: Bool { engine == nil }
  /// The part of the app that an instance is; nil for all of it, and for engines.
  var service: String? { if case .instance(let service) = program { service } else { nil } }
  /// A process of the host, as an earlier stage has it, that goes on as a part of this one.
  var adopts: String? {
    guard let patroni = engine as? Patroni, patroni.isFirst else { return nil }
    return EngineKind.postgres.name(on: host.id)
  }
  /// It stops before the next of its layer is asked to.
  var stopsInTurn: Bool { engine?.stopsInTurn ?? false }
  /// It may start before what is behind it.
  var findsOthersItself: Bool { layer <= .balancer || layer == .innerBalancer || layer == .store }
}
