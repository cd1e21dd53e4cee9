// Where an app stands: what a topology is made from, beside what the app itself is.

/// A stage, and what the app has grown by inside it. With the app's outline it gives one topology.
///
/// As JSON it is the stage's number alone where nothing has grown, `{"stage": 4, "followers": 1}` otherwise.
public struct Level: Hashable, Sendable {
  /// What the app is at.
  public let stage: Stage
  /// The most that RDS allows beyond those of a stage that has two.
  public static let maximumFollowers = 13

  /// Followers of the database beyond those of the stage, 0 to 13; stages below 4 have none.
  public let extraFollowers: Int

  /// - Parameter extraFollowers: 0 or more.
  public init(_ stage: Stage, extraFollowers: Int = 0) {
    self.stage = stage
    self.extraFollowers = extraFollowers
  }
}

extension Level {
  /// Whether an app can stand there: followers are not too many, and where the stage has any.
  public var canBe: Bool {
    (0...Self.maximumFollowers).contains(extraFollowers) && (extraFollowers == 0 || stage >= .replicated)
  }
}

extension Level: Codable {
  private enum Key: String, CodingKey {
    case stage, followers
  }

  public init(from decoder: any Decoder) throws {
    if let stage = try? decoder.singleValueContainer().decode(Stage.self) {
      self.init(stage)
      return
    }
    let values = try decoder.container(keyedBy: Key.self)
    self.init(
      try values.decode(Stage.self, forKey: .stage),
      extraFollowers: try values.decodeIfPresent(Int.self, forKey: .followers) ?? 0)
  }

  public func encode(to encoder: any Encoder) throws {
    if extraFollowers == 0 {
      var value = encoder.singleValueContainer()
      return try value.encode(stage)
    }
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(stage, forKey: .stage)
    try values.encode(extraFollowers, forKey: .followers)
  }
}

extension Level: CustomStringConvertible {
  /// For people: `stage 4`, `stage 4 with 2 more followers`.
  public var description: String {
    let more = extraFollowers == 1 ? "1 more follower" : "\(extraFollowers) more followers"
    return extraFollowers == 0 ? "stage \(stage.number)" : "stage \(stage.number) with \(more)"
  }
}

extension Topology {
  /// The topology of `app` where it stands on that level, in the lab's region.
  /// - Throws: as `of(_:at:for:in:)`; and for followers where the stage has none.
  public static func of(_ app: AppOutline, at level: Level) throws(TopologyError) -> Topology {
    if !level.canBe {
      throw TopologyError(
        element: "\(level)",
        problem: "can't be: from stage 4 on there are 0 to \(Level.maximumFollowers) more followers")
    }
    return try .of(app, at: level.stage, for: Extent(extraFollowers: level.extraFollowers))
  }
}
