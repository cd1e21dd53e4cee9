// What people ask for: the kinds of requests, and how often each comes.

/// A kind of request of the load generator's mix.
public enum RequestKind: String, CaseIterable, Codable, Sendable {
  case signUp, logIn, readFeed, readPopular, readPost, post, follow, like
}

/// How often each kind comes, relative to the others.
public struct RequestMix: Equatable, Sendable {
  private let weights: [RequestKind: Double]

  /// Summit's own.
  public static let standard = RequestMix(knownWeights: [
    .signUp: 1, .logIn: 2, .readFeed: 40, .readPopular: 20, .readPost: 25, .post: 5, .follow: 2, .like: 5,
  ])

  /// A kind that is not named does not come.
  /// - Returns: nil for weights that are negative or not finite, and when all are 0.
  public init?(weights: [RequestKind: Double]) {
    guard weights.values.allSatisfy({ $0 >= 0 && $0.isFinite }), weights.values.contains(where: { $0 > 0 })
    else { return nil }
    self.weights = weights
  }

  private init(knownWeights: [RequestKind: Double]) { weights = knownWeights }

  /// The share of all requests, 0 to 1.
  func share(of kind: RequestKind) -> Double {
    (weights[kind] ?? 0) / weights.values.reduce(0, +)
  }
}
