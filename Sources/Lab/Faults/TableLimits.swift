// How much the table of sessions takes: as on AWS, where it throttles, and worse.

import Synchronization

/// What the table of sessions does to each request before it carries it out.
public struct TableLimits: Codable, Equatable, Sendable {
  /// How many requests a second it takes, 0 to 1,000,000; it throttles those beyond. Nil: all.
  public let perSecond: Int?
  /// How long each waits, in milliseconds; 0 to 60,000.
  public let delayMs: Int

  /// As it is where nothing is broken.
  public static let none = TableLimits()

  /// - Parameters:
  ///   - perSecond: 0 to 1,000,000; nil for all.
  ///   - delayMs: 0 to 60,000.
  public init(perSecond: Int? = nil, delayMs: Int = 0) {
    (self.perSecond, self.delayMs) = (perSecond, delayMs)
  }

  /// Whether the table may be told so.
  var isPossible: Bool { (0...1_000_000).contains(perSecond ?? 0) && (0...60_000).contains(delayMs) }
}

/// What the table was told last. One that starts anew has no limits.
final class TableBoard: Sendable {
  private let told = Mutex(TableLimits.none)

  var limits: TableLimits { told.withLock { $0 } }

  func note(_ limits: TableLimits) { told.withLock { $0 = limits } }
}

extension Lab {
  /// The table goes by them from now on, until it starts anew.
  func limitTable(_ limits: TableLimits) throws(LabError) {
    let plan = plan(at: currentState.level)
    guard limits.isPossible else {
      throw .protocolBroken("perSecond is 0 to 1000000 or not there, delayMs 0 to 60000")
    }
    guard plan.topology.has(.table) else { throw .unknownHost(LabPlan.sessions, known: []) }
    let client = HostClient(
      address: plan.sessionsHost.address, port: context.ports.ministack,
      authorization: "Bearer \(context.secrets.tableControl)")
    let perSecond = limits.perSecond.map(String.init) ?? "null"
    let answer = try client.post(
      MiniStackTable.limitsPath, "{\"perSecond\": \(perSecond), \"delayMs\": \(limits.delayMs)}")
    guard answer.status == 200 else {
      throw .protocolBroken("the table of sessions does not take limits: \(answer.status) \(answer.text)")
    }
    tableBoard.note(limits)
    tell(
      limits == .none
        ? "the table of sessions takes everything at once"
        : "the table of sessions takes \(limits.perSecond.map { "\($0) requests a second" } ?? "everything"), "
          + "each \(limits.delayMs) ms later")
  }
}
