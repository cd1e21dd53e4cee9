// What an app is used for: one model for the manifest that says it, the load that makes it and the planner that sizes for it.

/// How often each action comes, relative to the others, and how uneven attention is.
public struct Workload: Equatable, Sendable {
  /// What a weight can be.
  public static let weightRange = 0.0...1_000_000
  /// What the exponent can be.
  public static let exponentRange = 0.0...3
  /// The ranges in words, as errors name them.
  public static let (weightWords, exponentWords) = (
    "a weight from 0 to \(Int(weightRange.upperBound))", "a number from 0 to \(Int(exponentRange.upperBound))"
  )

  /// Above 0, each of them.
  private let weights: [Action: Double]
  /// That of the Zipf distribution of authors and posts: 0 for all alike, about 1 for what people do.
  public let popularityExponent: Double

  /// - Parameter weights: relative frequencies, which need not add up to anything; what is not named does not come.
  /// - Throws: for a weight or an exponent outside its range, and when nothing comes at all.
  public init(_ weights: [Action: Double], popularityExponent: Double = 1) throws(WorkloadError) {
    for action in Action.allCases {
      guard let weight = weights[action] else { continue }
      if !Self.weightRange.contains(weight) { throw .weight(action, weight) }
    }
    if !Self.exponentRange.contains(popularityExponent) { throw .exponent(popularityExponent) }
    self.init(checked: weights, popularityExponent)
    if self.weights.isEmpty { throw .nothing }
  }

  /// What an app names, and what goes with it: sign-outs, new passwords and photos in proportion to what they come with,
  /// unless they are named too; and a session that has ended is tried about as often as one ends.
  ///
  /// - Throws: as the other.
  public init(named weights: [Action: Double], popularityExponent: Double = 1) throws(WorkloadError) {
    try self.init(Self.completed(weights), popularityExponent: popularityExponent)
  }

  private init(checked weights: [Action: Double], _ popularityExponent: Double) {
    self.weights = weights.filter { $0.value > 0 }
    self.popularityExponent = popularityExponent
  }

  private static func completed(_ named: [Action: Double]) -> [Action: Double] {
    var weights = named
    func usually(_ action: Action, _ weight: Double) { weights[action] = named[action] ?? weight }
    let logIn = named[.logIn] ?? 0
    usually(.signOut, logIn / 4)
    usually(.changePassword, logIn / 8)
    usually(.uploadPhoto, (named[.post] ?? 0) / 10)
    usually(.tryEndedSession, (logIn + (weights[.signOut] ?? 0) + (weights[.changePassword] ?? 0)) / 2)
    return weights
  }

  /// Relative to the others; 0 for what does not come.
  public func weight(of action: Action) -> Double { weights[action] ?? 0 }

  /// The weights of these together.
  public func weight(of actions: [Action]) -> Double { actions.reduce(0) { $0 + weight(of: $1) } }

  /// The same, and besides, as a tenth of all, what shows whether the app's answers fit together.
  public var withProbes: Workload {
    var weights = weights
    weights[.readTie] = weight(of: Action.allCases) / 9
    return Workload(checked: weights, popularityExponent)
  }
}

extension Workload {
  /// A social app on an ordinary day, and what an app has whose manifest says nothing of it: ten times as many reads as
  /// writes.
  public static let standard = Workload(
    checked: completed([
      .signUp: 1, .logIn: 2, .readFeed: 40, .readPopular: 20, .readPost: 25, .post: 5, .follow: 2, .like: 5,
    ]), 1)

  /// The launch page: most look, some leave their address.
  public static let launchPage = Workload(checked: [.readLaunchPage: 4, .joinWaitlist: 1], 0)
}

/// Why something is no workload.
public enum WorkloadError: Error, Equatable, CustomStringConvertible {
  case weight(Action, Double)
  case exponent(Double)
  /// Every weight is 0.
  case nothing

  public var description: String {
    switch self {
    case .weight(let action, let found):
      "workload/\(action.rawValue): expected \(Workload.weightWords), found \(found)"
    case .exponent(let found): "workload/zipfExponent: expected \(Workload.exponentWords), found \(found)"
    case .nothing: "workload: expected at least one weight above 0"
    }
  }
}
