// How far a topology reaches beyond its stage.

/// How much the audience asks for beyond what a stage always has, and which laws bind its data.
public struct Extent: Codable, Equatable, Sendable {
  /// Followers of a database beyond those of its stage, at most: RDS allows 15 replicas.
  public static let mostExtraFollowers = 13
  /// Shard ranges of a database in a region, at most.
  public static let mostRangesPerRegion = 256

  /// Jurisdictions whose accounts' data must not leave them, such as `["EU"]`.
  public var residency: [String]
  /// Followers of each database beyond those of the stage, 0 or more: they answer reads.
  public var extraFollowers: Int
  /// Shard ranges of each database in each region at stage 7, 1 or more: each has a leader for its writes.
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
    if !(0...Self.mostExtraFollowers).contains(extraFollowers) {
      throw TopologyError(
        element: "extent",
        problem: "asks for \(extraFollowers) more followers; 0 to \(Self.mostExtraFollowers) can be")
    }
    if !(1...Self.mostRangesPerRegion).contains(rangesPerRegion) {
      throw TopologyError(
        element: "extent",
        problem:
          "asks for \(rangesPerRegion) shard ranges per region; 1 to \(Self.mostRangesPerRegion) can be")
    }
  }
}
