// What all hosts of a lab have in common.

import Glibc

/// The ground that hosts stand on: addresses, folders, secrets, and who engines run as.
struct HostContext: Sendable {
  let folder: AppFolder
  let manifest: Manifest
  let place: LabNetwork.Place
  let secrets: Secrets
  let zones: Zones
  /// The Python environment with the engines that come from PyPI; nil when nobody knows where it would be.
  let pythonFolder: String?
  /// Nil where all hosts are in our network.
  let networks: HostNetworks?
  /// How many sockets the public port has.
  let doorSocketCount: Int

  var ports: LabPorts { LabPorts(shift: place.portShift) }

  func address(zone: Int, host: Int) -> String { place.address(zone: zone, host: host) }
  var objectsAddress: String { place.objectsAddress }

  func host(_ id: String, zone: String, address: String) -> Host {
    let outer = folder.engines + "/" + id
    let inner = zones.areNamespaces ? Self.mountPoint + "/" + id : outer
    return Host(id: id, zone: zone, address: address, folder: inner, outerFolder: outer)
  }

  func shell(for host: Host, process: String) -> EngineShell {
    EngineShell(
      host: host, log: LogFile(path: folder.log(of: process)), zones: zones, networks: networks, binds: binds)
  }
}

// An engine that runs as another user must reach its folder and its program wherever those lie: below somebody's home, as
// a rule, where nobody else may go. So in its zone they are seen elsewhere too.
extension HostContext {
  private static let mountPoint = "/mnt"
  private static let pythonName = ".python"
  private static let powerName = ".power"

  /// For every engine, where zones are namespaces.
  var binds: [Bind] {
    let own = [
      Bind(source: folder.engines, target: Self.mountPoint),
      Bind(source: folder.power, target: Self.mountPoint + "/" + Self.powerName),
    ]
    // Also before it is filled: a climb may install engines while the zones have power.
    guard let pythonFolder, mkdir(pythonFolder, 0o755) == 0 || errno == EEXIST else { return own }
    return own + [Bind(source: pythonFolder, target: Self.mountPoint + "/" + Self.pythonName)]
  }

  /// The interpreter of the Python environment as engines see it; nil when it does not have the program. (The program's
  /// own first line names the interpreter where it can't be reached.)
  func python(with program: String) -> String? {
    guard let pythonFolder, access("\(pythonFolder)/bin/\(program)", X_OK) == 0 else { return nil }
    let folder = zones.areNamespaces ? "\(Self.mountPoint)/\(Self.pythonName)" : pythonFolder
    return folder + "/bin/python"
  }

  /// Where the Python environment and the library are seen.
  func makePlaces() throws(LabError) {
    for name in [Self.pythonName, Self.powerName] { try AppFolder.make(folder.engines + "/" + name) }
  }

  /// What a process has in its environment so that a cut of power takes what it has not flushed; nothing where there is no
  /// library.
  /// - Parameters:
  ///   - name: of the host, or of a role.
  ///   - isEngine: whether it runs as engines do.
  ///   - others: what it preloads already.
  func powerVariables(_ name: String, isEngine: Bool, others: String? = nil) throws(LabError) -> [String:
    String]
  {
    guard access(folder.power + "/" + PowerLibrary.name, R_OK) == 0 else { return [:] }
    try HostPower.make(in: folder.power + "/" + name, owner: isEngine ? EngineUser.current() : nil)
    let seen = isEngine && zones.areNamespaces ? Self.mountPoint + "/" + Self.powerName : folder.power
    // An app works in its folder, whose path may have a space.
    let library = isEngine ? seen : PowerLibrary.plainPath(of: folder)
    return PowerLibrary.variables(
      library: library + "/" + PowerLibrary.name, hostFolder: seen + "/" + name, others: others)
  }
}
