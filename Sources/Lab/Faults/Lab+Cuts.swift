// Links between hosts that are cut. Nobody is told: those that have to notice notice by themselves.

import Glibc
import Synchronization

/// Hosts whose packets don't arrive at others. The other way they do, unless that is cut as well.
public struct Cut: Codable, Equatable, Sendable {
  /// The ids of the hosts whose packets are lost.
  public let from: [String]
  /// The ids of the hosts that they don't reach.
  public let to: [String]

  /// The other direction stays as it is.
  public init(from: [String], to: [String]) { (self.from, self.to) = (from, to) }

  /// Nothing arrives either way.
  public static func between(_ some: [String], _ others: [String]) -> [Cut] {
    [Cut(from: some, to: others), Cut(from: others, to: some)]
  }
}

/// What is cut now, and what that has cost.
final class CutBoard: Sendable {
  private struct State {
    var cuts: [Cut] = []
    var dropped = 0
    var countedAtMs = 0
  }

  /// Counting asks each host that is cut off.
  private static let countPauseMs = 500
  private let state = Mutex(State())

  var cuts: [Cut] { state.withLock { $0.cuts } }

  func set(_ cuts: [Cut]) { state.withLock { $0 = State(cuts: cuts) } }

  func dropped(_ networks: HostNetworks) -> Int {
    let isDue = state.withLock { state in
      guard !state.cuts.isEmpty, Clock.nowMs - state.countedAtMs > Self.countPauseMs else { return false }
      state.countedAtMs = Clock.nowMs
      return true
    }
    if isDue, let count = try? networks.droppedPackets() { state.withLock { $0.dropped = count } }
    return state.withLock { $0.dropped }
  }
}

extension Lab {
  var droppedPackets: Int { context.networks.map(cutBoard.dropped) ?? 0 }

  /// Has these links cut, and no others.
  func cutLinks(_ cuts: [Cut]) throws(LabError) {
    guard let networks = context.networks else { throw .noOwnNetwork }
    var addresses = Dictionary(specs.map { ($0.host.id, $0.host.address) }) { first, _ in first }
    if let host = Role.app.host, addresses[host] == nil { addresses[host] = appAddress }
    var deaf: [String: Set<String>] = [:]
    for cut in cuts {
      if let stranger = (cut.from + cut.to).first(where: { addresses[$0] == nil }) {
        throw .unknownHost(stranger, known: addresses.keys.sorted())
      }
      let targets = cut.to.compactMap { addresses[$0] }
      for address in cut.from.compactMap({ addresses[$0] }) {
        deaf[address, default: []].formUnion(targets.filter { $0 != address })
      }
    }
    try networks.cut(deaf)
    cutBoard.set(cuts)
    if cuts.isEmpty { return tell("every link is whole") }
    for cut in cuts {
      tell("nothing from \(cut.from.joined(separator: ", ")) arrives at \(cut.to.joined(separator: ", "))")
    }
  }
}
