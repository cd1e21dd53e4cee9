// How each process of the lab is started.

import Foundation
import Topology

extension Lab {
  /// Everything that the process of that name is started with, made ready for it.
  func launch(_ name: String) throws(LabError) -> LaunchPlan {
    if let spec = specs.first(where: { $0.name == name }) { return try launch(spec) }
    if let role = Role(rawValue: name) { return try launch(role) }
    guard name == Self.dnsProcess, let program = Gdnsd.program, let gdnsd else {
      throw .unknownProcess(name, known: [])
    }
    try gdnsd.writeFiles()
    return LaunchPlan(
      executable: program, arguments: gdnsd.arguments, environment: ProcessEnvironment.inherited,
      workingDirectory: gdnsd.folder, log: LogFile(path: folder.log(of: name)), isReady: gdnsd.answers)
  }

  private var gdnsd: Gdnsd? {
    currentState.dnsPort.map { Gdnsd(name: manifest.outline.dnsName, port: $0, folder: folder.run + "/dns") }
  }

  /// The app on the public port: its sockets outlive it, so that connections wait while it is away.
  private func launch(_ role: Role) throws(LabError) -> LaunchPlan {
    let admin = AdminClient(folder.adminSocket(of: role))
    let program = try program(of: role.rawValue)
    return LaunchPlan(
      executable: program.path, arguments: program.arguments,
      environment: try watched(try ProcessEnvironment.of(role, currentState, lab: self), role.rawValue),
      workingDirectory: program.folder,
      sockets: publicSockets + (adminSockets[role].map { [("admin", $0)] } ?? []),
      log: LogFile(path: folder.log(of: role.rawValue)), zone: Self.firstZone, host: role.host,
      network: try network(of: role), isReady: { admin.isReady() })
  }

  /// That of the server that it becomes, later an instance; the launch page has no server.
  private func network(of role: Role) throws(LabError) -> Descriptor? {
    guard role.host != nil, let networks = context.networks else { return nil }
    return try networks.network(of: appAddress)
  }

  private var publicSockets: [(name: String, descriptor: Descriptor)] {
    (sockets.sockets + innerSockets).map { ("http", $0) }
  }

  private func launch(_ spec: ProcessSpec) throws(LabError) -> LaunchPlan {
    noteStart(spec, try configuration(of: spec))
    return switch spec.program {
    case .engine(let engine): try launch(engine)
    case .instance where manifest.service.listensOnPort: try portLaunch(spec)
    case .instance: try socketsLaunch(spec)
    case .worker: try workerLaunch(spec)
    }
  }

  /// What the process reads when it starts and never again; nil for one that hears of changes while it runs.
  func configuration(of spec: ProcessSpec) throws(LabError) -> String? {
    if let engine = spec.engine { return engine.startingConfiguration }
    var variables = try variables(of: spec)
    if !manifest.service.listensOnPort { for name in ProcessEnvironment.followed { variables[name] = nil } }
    let release = currentState.releases.number(of: spec.name).map { ["release \($0)"] } ?? []
    return (release + variables.map { "\($0.key)=\($0.value)" }.sorted()).joined(separator: "\n")
  }

  private func launch(_ engine: any Engine) throws(LabError) -> LaunchPlan {
    guard let program = engine.program else {
      throw .engineMissing(engine: engine.name, package: engine.package)
    }
    let shell = context.shell(for: engine.host, process: engine.name)
    try shell.makeFolder()
    try engine.prepare()
    let power = engine.losesUnflushed ? try context.powerVariables(engine.host.id, isEngine: true) : [:]
    var plan = try shell.plan(program, engine.arguments, engine.environment.merging(power) { $1 })
    // Asked as the lab knows it by then: it may hear of others while it runs.
    plan.isReady = { [self] in current(engine).isReady() }
    plan.observe = { [self] in current(engine).observe() }
    plan.stopSignal = engine.stopSignal
    if engine.host.id == LabPlan.frontDoor { plan.sockets = publicSockets }
    return plan
  }

  private func current(_ engine: any Engine) -> any Engine {
    specs.first { $0.name == engine.name }?.engine ?? engine
  }

  /// An instance that takes sockets. They are made for each start and nobody else keeps them: what dies refuses at once,
  /// and does not leave connections waiting.
  private func socketsLaunch(_ spec: ProcessSpec) throws(LabError) -> LaunchPlan {
    let host = spec.host
    let admin = folder.adminSocket(ofProcess: host.id)
    let loops = Instance(currentState, on: machine).eventLoops
    let http = try listen(on: host, count: loops)
    var plan = try instanceLaunch(spec)
    plan.sockets = http.sockets.map { ("http", $0) } + [("admin", try admin.listen(backlog: 256))]
    plan.isReady = { AdminClient(admin).isReady() }
    return plan
  }

  private func listen(on host: Host, count: Int) throws(LabError) -> ActivationSockets {
    let (address, port) = (host.address, context.ports.http)
    guard let network = try context.networks?.network(of: address) else {
      return try ActivationSockets(address: address, port: port, count: count)
    }
    return try HostNetworks.inside(network) { () throws(LabError) in
      try ActivationSockets(address: address, port: port, count: count, isInside: true)
    }
  }

  /// An instance that listens on HOST:PORT itself.
  private func portLaunch(_ spec: ProcessSpec) throws(LabError) -> LaunchPlan {
    let app = HostClient(address: spec.host.address, port: context.ports.http)
    var plan = try instanceLaunch(spec)
    plan.isReady = { app.isAppReady() }
    return plan
  }

  /// One that ends sooner does not do its work. Nobody can ask it.
  private static let workerReadyAfterMs = 1_000

  private func workerLaunch(_ spec: ProcessSpec) throws(LabError) -> LaunchPlan {
    var plan = try instanceLaunch(spec)
    let readyAtMs = Clock.nowMs + Self.workerReadyAfterMs
    plan.isReady = { Clock.nowMs >= readyAtMs }
    return plan
  }

  /// Of a program of the app's that runs on a host.
  private func instanceLaunch(_ spec: ProcessSpec) throws(LabError) -> LaunchPlan {
    let host = spec.host
    try AppFolder.make(folder.data(ofProcess: spec.name))
    let variables = try variables(of: spec)
    let program = try program(of: spec.name)
    return LaunchPlan(
      executable: program.path, arguments: program.arguments,
      environment: try watched(variables, spec.name),
      workingDirectory: program.folder, log: LogFile(path: folder.log(of: spec.name)),
      zone: host.zone,
      host: host.id, network: try context.networks?.network(of: host.address), isReady: { false })
  }

  /// The same for a process of the app that a cut of power takes its unflushed writes from. An app that listens on a port
  /// itself has its data elsewhere, and may be linked to another C library.
  private func watched(_ variables: [String: String], _ name: String) throws(LabError) -> [String: String] {
    if manifest.service.listensOnPort { return variables }
    let power = try context.powerVariables(name, isEngine: false, others: variables["LD_PRELOAD"])
    return variables.merging(power) { $1 }
  }

  func variables(of spec: ProcessSpec) throws(LabError) -> [String: String] {
    let (state, host) = (currentState, spec.host)
    if let worker = spec.worker {
      return try ProcessEnvironment.of(
        worker, as: spec.name, on: host, state.hosts[host.id] ?? state.level, state, lab: self)
    }
    return try ProcessEnvironment.of(
      host, as: spec.service, state.hosts[host.id] ?? state.level, state, lab: self)
  }

  /// The program of a part of the app as an absolute path: relative to the app's folder when it has a slash, else from PATH.
  static func programPath(_ part: Manifest.Part, _ folder: AppFolder) throws(LabError) -> String {
    let program = part.run[0]
    var candidates = [program.hasPrefix("/") ? program : folder.path + "/" + program]
    if !program.contains("/") { candidates = programFolders.map { "\($0)/\(program)" } }
    let files = candidates.filter { path in
      var status = stat()
      return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
    guard let found = files.first(where: { access($0, X_OK) == 0 }) else {
      throw .programMissing(
        of: part, line: Manifest.line(ofRun: part, in: folder),
        path: program.contains("/") ? candidates[0] : nil, isFile: !files.isEmpty)
    }
    return found
  }

  /// Where programs are looked for that are called by their names alone.
  static var programFolders: [String] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
    return path.split(separator: ":").map(String.init)
  }
}
