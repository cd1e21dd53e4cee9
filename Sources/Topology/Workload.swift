// What of an app's audience shapes a topology.

/// How much the audience asks for beyond what a stage always has, and which laws bind its data.
public struct Workload: Codable, Equatable, Sendable {
  /// Jurisdictions whose accounts' data must not leave them, such as `["EU"]`.
  public var residency: [String]
  /// Followers of each database beyond those of the stage, 0 to 13: they answer reads (RDS allows 15 replicas).
  public var extraFollowers: Int
  /// Shard ranges of each database in each region at stage 7, 1 to 256: each has a leader for its writes.
  public var rangesPerRegion: Int

  /// - Parameters:
  ///   - residency: jurisdictions that data is bound to.
  ///   - extraFollowers: beyond the stage's own, 0 or more.
  ///   - rangesPerRegion: shard ranges of each database, 1 or more.
  public init(residency: [String] = [], extraFollowers: Int = 0, rangesPerRegion: Int = 1) {
    self.residency = residency
    self.extraFollowers = extraFollowers
    self.rangesPerRegion = rangesPerRegion
  }

  func check() throws(TopologyError) {
    if !(0...13).contains(extraFollowers) {
      throw TopologyError(
        element: "workload", problem: "asks for \(extraFollowers) more followers; 0 to 13 can be")
    }
    if !(1...256).contains(rangesPerRegion) {
      throw TopologyError(
        element: "workload", problem: "asks for \(rangesPerRegion) shard ranges per region; 1 to 256 can be")
    }
  }
}
