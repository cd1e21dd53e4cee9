// What visitors do, and how often.

/// Something that a visitor does. The names are those of reports and of the manifest's workload.
public enum Action: String, CaseIterable, Sendable, Codable {
  case signUp, logIn, readFeed, readPopular, readPost, post, follow, like
  /// Asks whether somebody follows or likes what the run has once followed or liked: of use to a history.
  case readTie
  /// The launch page's two.
  case readLaunchPage, joinWaitlist
  case signOut, changePassword
  /// Asks with a session that has ended who it is, and expects to be refused.
  case tryEndedSession
  case uploadPhoto
}

/// How often each action happens, and how uneven attention is.
public struct VisitorHabits: Sendable, Equatable {
  /// Relative frequencies; an action that is not named doesn't happen. They need not add up to anything.
  public var weights: [Action: Double]
  /// The exponent of the Zipf distribution of authors and posts: 0 for all alike, about 1 for what people do.
  public var popularityExponent: Double

  /// - Throws: `LoadError.invalidOption` for a weight below 0, no weight above 0, or an exponent outside 0…4.
  public init(weights: [Action: Double], popularityExponent: Double) throws {
    for (action, weight) in weights where !(weight >= 0 && weight.isFinite) {
      throw LoadError.invalidOption(
        name: "workload/\(action.rawValue)", expected: "a weight of 0 or more", found: "\(weight)")
    }
    guard weights.values.contains(where: { $0 > 0 }) else {
      throw LoadError.invalidOption(name: "workload", expected: "a weight above 0", found: "none")
    }
    guard (0...4).contains(popularityExponent) else {
      throw LoadError.invalidOption(
        name: "workload/popularityExponent", expected: "0 to 4", found: "\(popularityExponent)")
    }
    self.init(checked: weights, popularityExponent)
  }

  private init(checked weights: [Action: Double], _ popularityExponent: Double) {
    self.weights = weights
    self.popularityExponent = popularityExponent
  }

  /// A social app on an ordinary day: ten times as many reads as writes.
  public static let social = VisitorHabits(
    checked: [
      .signUp: 0.5, .logIn: 1, .readFeed: 40, .readPopular: 15, .readPost: 33, .post: 3, .follow: 2.5,
      .like: 5, .signOut: 0.25, .changePassword: 0.1, .tryEndedSession: 0.5,
      .uploadPhoto: 0.3,
    ], 1)

  /// The same, and besides what shows whether the app's answers fit together, a tenth of all.
  var withProbes: VisitorHabits {
    var weights = weights
    weights[.readTie] = weights.values.reduce(0, +) / 9
    return VisitorHabits(checked: weights, popularityExponent)
  }

  /// The launch page: most look, some leave their address.
  static let launch = VisitorHabits(checked: [.readLaunchPage: 4, .joinWaitlist: 1], 0)
}

/// Draws actions by their weights.
struct ActionMix: Sendable {
  private let actions: [Action]
  private let upperBounds: [Double]

  init(_ workload: VisitorHabits) {
    // In the order of the cases, since a dictionary's order changes from run to run and the seed must not.
    actions = Action.allCases.filter { workload.weights[$0, default: 0] > 0 }
    var sum = 0.0
    upperBounds = actions.map { action in
      sum += workload.weights[action, default: 0]
      return sum
    }
  }

  func sample(_ random: inout SeededRandom) -> Action {
    let point = random.unit() * (upperBounds.last ?? 0)
    return actions[upperBounds.firstIndex { point < $0 } ?? actions.count - 1]
  }
}
