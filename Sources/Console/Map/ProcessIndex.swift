// Which processes do a node's work, and what they say of it.

import Lab
import Topology

struct ProcessIndex {
  private let processes: [LabSnapshot.Process]
  private let rates: [String: Double]

  init(_ processes: [LabSnapshot.Process], _ rates: [String: Double]) {
    self.processes = processes
    self.rates = rates
  }

  /// Those on which something runs or shall run, each once.
  var hosts: [String] {
    processes.filter { $0.health != .stopped }.compactMap(\.host)
      .reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The node with what its processes say.
  func describe(_ node: ConsoleMap.Node) -> ConsoleMap.Node {
    let own = processes(of: node)
    var described = node
    described.health = health(of: node, own)
    described.address = own.compactMap(\.address).first
    // The electors beside a store have leaders of their own: those don't lead the store.
    let store = own.filter { !$0.kind.isElector }
    if node.role == nil { described.role = store.compactMap(\.role).first?.rawValue }
    described.lagBytes = store.compactMap(\.lagBytes).max()
    if node.kind == .service {
      let known = own.compactMap { rates[$0.name] }
      described.requestsPerSecond = known.isEmpty ? nil : known.reduce(0, +)
    }
    return described
  }

  private static let worstFirst: [LabSnapshot.Health] = [
    .stopped, .noPower, .waiting, .starting, .stopping, .ready,
  ]

  /// A node is as healthy as the worst of its processes.
  private func health(of node: ConsoleMap.Node, _ own: [LabSnapshot.Process]) -> LabSnapshot.Health? {
    if let worst = Self.worstFirst.first(where: { health in own.contains { $0.health == health } }) {
      return worst
    }
    let isOurs = node.host != nil || [.dns, .launchPage, .waitlist].contains(node.kind)
    return isOurs && node.change != .comes ? .stopped : nil
  }

  private func processes(of node: ConsoleMap.Node) -> [LabSnapshot.Process] {
    switch node.kind {
    case .users: return []
    case .launchPage, .waitlist: return processes.filter { $0.kind == .launchPage }
    case .address: return processes.filter { $0.kind == .frontDoor }
    case .dns, .cdn, .loadBalancer, .service, .cache, .sessions, .objects, .database:
      let host = node.host ?? node.id
      let own = processes.filter { $0.host == host || $0.name == host }
      // Up to stage 3 one process is the whole server, the databases in it included.
      let isInApp = [.app, .sqlite, .folder].contains(node.engine)
      if own.isEmpty, node.host != nil, isInApp { return processes.filter { $0.name == Role.app.rawValue } }
      return own
    }
  }
}
