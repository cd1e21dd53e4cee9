// The part of climbs that changes where the app finds things, in a way that can be taken back.

import Placement

extension ClimbStep {
  typealias Turn = @Sendable (inout Placement, ProviderView) throws -> Void

  /// Turns the placement; done when every process of the app goes by it.
  static func place(
    _ name: String, _ title: String, to forward: @escaping Turn, back: @escaping Turn,
    expecting expectation: String, _ isSo: @escaping @Sendable (Placement) -> Bool
  ) -> ClimbStep {
    ClimbStep(
      name: name, title: title,
      run: { provider, say in try turn(forward, provider, say) },
      verify: { provider, _ in try expect(expectation, provider.placement().map(isSo) ?? false) },
      undo: { provider, say in try turn(back, provider, say) })
  }

  /// Tells the app of the servers that its clusters have after a climb.
  static func placeClusters(_ name: String, _ title: String, _ change: StageChange) -> ClimbStep {
    .place(
      name, title,
      to: { $0.clusters.merge(try StageChange.placement(of: change.after, in: $1).clusters) { $1 } },
      back: { $0.clusters.merge(try StageChange.placement(of: change.before, in: $1).clusters) { $1 } },
      expecting: "the placement names the servers of the database"
    ) { placement in
      change.tiers(.database).allSatisfy {
        placement.clusters[$0.clusterName]?.members.count == HostSet($0).ready.count
      }
    }
  }

  private static func turn(_ change: Turn, _ provider: any Provider, _ say: StepVoice) throws {
    let view = try provider.view()
    try Placements.change(provider, say) { try change(&$0, view) }
  }
}
