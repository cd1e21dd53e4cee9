// The environment that tells an app process where it is.

import Contract
import Foundation
import Placement
import Topology

enum ProcessEnvironment {
  /// Ours without what concerns only us (socket activation, Heights' own variables), and without what would lead an app to
  /// other databases and caches than the lab's.
  static var inherited: [String: String] {
    ProcessInfo.processInfo.environment.filter { name, _ in
      !name.hasPrefix("LISTEN_") && !name.hasPrefix("HEIGHTS_") && name != "NOTIFY_SOCKET"
        && !(AppVariable(rawValue: name).map(leading.contains) ?? false)
    }
  }

  private static let leading: Set<AppVariable> = [.port, .host, .databaseURL, .databaseReadURL, .redisURL]

  /// Where stores are that move meanwhile. A program of HeightsKit's finds them by the placement, whatever these say.
  static let followed: Set<AppVariable> = [.databaseURL, .databaseReadURL, .redisURL]

  /// What the app's processes of a folder have in their environment, and no others.
  static func mark(of folder: AppFolder) -> String { "\(AppVariable.secretFile.rawValue)=\(folder.secret)" }

  /// Of the process that has a role on the public port.
  static func of(_ role: Role, _ state: LabState, lab: Lab) throws(LabError) -> [String: String] {
    let stage = role == .app ? max(state.stage.number, role.stage) : role.stage
    var variables = try common(role.rawValue, nil, stage: stage, state, lab)
    variables[.port] = String(lab.sockets.port)
    if !state.openDoors.contains(role) { variables[.frontDoor] = "closed" }
    return variables
  }

  /// Of an instance on a host of its own.
  static func of(
    _ host: Host, as service: String?, _ level: Level, _ state: LabState, lab: Lab
  ) throws(LabError) -> [String: String] {
    var variables = try common(host.id, service, stage: level.stage.number, state, lab)
    variables[.host] = host.address
    variables[.port] = String(lab.context.ports.http)
    let proxies = lab.plan(at: level).proxies
    variables[.trustedProxies] = proxies.map(\.address).joined(separator: ",")
    variables[.service] = service
    // Who is all of the app calls as the one that answers people, once a climb sends a share of its calls elsewhere.
    let caller = lab.manifest.services.first { $0.name == service ?? lab.manifest.service.name }
    if let caller, !caller.calls.isEmpty {
      variables[.serviceKeyFile] = try ServiceKey(of: caller.name, in: lab.folder).path
    }
    return variables
  }

  /// Of a worker beside an instance: as that has it, without a place to listen at.
  static func of(
    _ worker: Manifest.Worker, as process: String, on host: Host, _ level: Level, _ state: LabState, lab: Lab
  ) throws(LabError) -> [String: String] {
    try common(process, worker.name, stage: level.stage.number, state, lab)
  }

  /// A page that is looked at twenty times is in there once, and a load of hundreds a second does not fill the files.
  private static let tracedShare = "0.05"

  private static func common(
    _ name: String, _ service: String?, stage: Int, _ state: LabState, _ lab: Lab
  ) throws(LabError) -> [String: String] {
    let instance = Instance(state, on: lab.machine)
    var variables = inherited
    variables[.stage] = String(stage)
    variables[.dataDirectory] = lab.folder.data(ofProcess: name)
    variables[.loops] = String(instance.eventLoops)
    variables[.cacheBytes] = String(instance.cacheBytes)
    variables[.diskQuotaBytes] = String(state.diskBytes)
    variables[.publicURL] = lab.appURL
    variables[.hostNames] = lab.manifest.hostNames.text
    variables[.secretFile] = lab.folder.secret
    variables[.tracesFile] = lab.folder.traces(of: name)
    variables[.tracesShare] = tracedShare
    variables[.telemetryName] = service ?? lab.manifest.service.name
    let others = variables[.telemetryResource].map { ",\($0)" } ?? ""
    variables[.telemetryResource] = "service.instance.id=\(name)\(others)"
    if stage >= 2 { variables.merge(try stores(stage, lab)) { $1 } }
    return variables
  }
}

// Where the stores are. Paths of documents and passwords are told before there is anything in them, so that a climb needs
// no restart.
extension ProcessEnvironment {
  private static func stores(_ stage: Int, _ lab: Lab) throws(LabError) -> [String: String] {
    let (context, placement) = (lab.context, try lab.folder.readPlacement())
    var variables = [
      AppVariable.placement: lab.folder.placement,
      .filesDirectory: lab.folder.objects,
      .redisPasswordFile: context.secrets.cachePasswordFile,
      .sentinelPasswordFile: context.secrets.sentinelPasswordFile,
      .databasePasswordFile: context.secrets.databasePasswordFile,
    ].byName
    if let members = placement?.members(of: lab.manifest), !members.isEmpty {
      let address =
        "postgresql://app@\(members.map(\.description).joined(separator: ","))/\(lab.manifest.sqlName)"
      variables[.databaseURL] = "\(address)?target_session_attrs=read-write&connect_timeout=2"
      variables[.databaseReadURL] = "\(address)?target_session_attrs=prefer-standby&connect_timeout=2"
    }
    if stage >= Stage.stateless.number {
      variables[.redisURL] = lab.cacheLeader.map { leader in
        "redis://:\(context.secrets.cache)@\(leader):\(context.ports.redis)/0"
      }
      variables.merge(bucket(context.place, context.secrets, context.manifest)) { $1 }
      variables.merge(table(context.place, context.manifest)) { $1 }
    }
    return variables
  }

  fileprivate static func bucket(
    _ place: LabNetwork.Place, _ secrets: Secrets, _ manifest: Manifest
  ) -> [String: String] {
    [
      AppVariable.objectsEndpoint: ministack(at: place.objectsAddress, place),
      .accessKeyID: secrets.objectsKeyID,
      .secretAccessKey: secrets.objectsKey,
      .region: "us-east-1",
      .objectsBucket: manifest.bucketName,
    ].byName
  }

  private static func table(_ place: LabNetwork.Place, _ manifest: Manifest) -> [String: String] {
    [
      AppVariable.sessionsEndpoint: ministack(at: place.sessionsAddress, place),
      .sessionsTable: manifest.tableName,
    ].byName
  }

  private static func ministack(at address: String, _ place: LabNetwork.Place) -> String {
    "http://\(address):\(LabPorts(shift: place.portShift).ministack)"
  }
}

extension AppFolder {
  /// What the app's processes are told of their bucket, secrets included; nothing before the lab's first run.
  public func bucketVariables() throws -> [String: String] {
    guard let place = try LabState.load(self)?.place else { return [:] }
    return ProcessEnvironment.bucket(place, try Secrets(self), try Manifest.load(folder: path))
  }
}

extension Placement {
  /// The servers of the cluster that has the app's databases, for an app that knows nothing of several: those of the first.
  fileprivate func members(of manifest: Manifest) -> [ServerAddress]? {
    let ranges = manifest.databases.lazy.compactMap { self.databases[$0.name]?.first }
    return ranges.first.flatMap { clusters[$0.cluster]?.members }
  }
}

extension Manifest {
  /// The database of an app that knows nothing of databases per function.
  var sqlName: String { name.replacingOccurrences(of: "-", with: "_") }

  /// A bucket's name has three characters at least.
  var bucketName: String { "\(name)-objects" }

  var tableName: String { "\(name)-sessions" }
}
