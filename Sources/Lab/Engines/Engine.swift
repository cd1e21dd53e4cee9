// What every engine of the lab is: a value that says how a program is configured, started and asked.

import Glibc

/// A program that runs on a host. The value knows everything about the program and runs nothing itself.
protocol Engine: Sendable {
  /// The process's name: `HOST.ENGINE`, such as `database-a.etcd`, where nothing else is said.
  var name: String { get }
  var kind: EngineKind { get }
  var host: Host { get }
  /// What brings the program: a package of Debian's, or a Python requirement. Told when the program is missing.
  var package: String { get }
  /// An absolute path; nil when it is not installed.
  var program: String? { get }
  /// Paths in them are as the engine sees them.
  var arguments: [String] { get }
  /// Added to PATH, LANG and HOME (the host's folder).
  var environment: [String: String] { get }
  /// What it reads when it starts and never again, so that it has to start anew where this differs; nil for one that hears of
  /// changes while it runs.
  var startingConfiguration: String? { get }
  /// What asks it to end in an orderly way: SIGTERM, unless it understands that differently.
  var stopSignal: Int32 { get }
  /// Whether it looks for another that takes its place when it stops, and loses time with one that stops as well.
  var stopsInTurn: Bool { get }
  /// Whether it keeps data that a cut of power takes when it was not flushed. What does not call the C library (etcd, in Go)
  /// can't be watched: what it wrote survives.
  var losesUnflushed: Bool { get }

  /// Makes folders and writes the configuration, before each start. Blocks for seconds at most; what is already so is
  /// left so.
  func prepare() throws(LabError)
  /// Whether it does its work by now. Called often, from the prober's thread; returns within a second.
  func isReady() -> Bool
  /// Its role and lag now; nil when it can't be asked. Blocks for a second at most.
  func observe() -> EngineObservation?
}

extension Engine {
  var name: String { kind.name(on: host.id) }
  var environment: [String: String] { [:] }
  var startingConfiguration: String? { nil }
  var stopSignal: Int32 { SIGTERM }
  var stopsInTurn: Bool { false }
  var losesUnflushed: Bool { false }
  func observe() -> EngineObservation? { nil }
}

/// What an engine says of itself.
struct EngineObservation: Equatable, Sendable {
  /// Nil when there are no roles.
  var role: ProcessRole?
  /// How far it is behind its leader; nil when it follows none, or it can't tell.
  var lagBytes: Int?
}

/// An engine that spreads requests over servers.
protocol Balancer: Engine {
  /// Whether new requests go elsewhere; those that are under way go on. `server` is the id of a host.
  func setDraining(_ isDraining: Bool, of server: String) throws(LabError)
  /// Whether it sends requests to the server; nil when that can't be known.
  func isUsing(_ server: String) -> Bool?
  /// How many requests the server (nil: all of them) has not answered yet; nil when that can't be known.
  func requestsUnderWay(at server: String?) -> Int?
}
