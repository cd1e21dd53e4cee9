// What the average request asks of each tier.

import Workload

/// Means per request, by the workload and the catalog.
struct RequestProfile: Sendable {
  /// Statements that read, without those that a cache can answer.
  let reads: Double
  /// Statements whose answer a cache can keep: popular reads.
  let popularReads: Double
  /// Transactions that write.
  let writes: Double
  /// Passwords that are hashed.
  let passwords: Double
  /// Bytes that stay in the databases, with their indexes.
  let storedBytes: Double
  let posts: Double
  /// Pictures that are looked at.
  let pictureViews: Double

  /// A workload in which nothing comes that is planned for is taken for the standard one.
  init(_ workload: Workload, _ catalog: Catalog) {
    let mix = workload.weight(of: Action.planned) > 0 ? workload : .standard
    let sum = mix.weight(of: Action.planned)
    func share(of action: Action) -> Double { mix.weight(of: action) / sum }
    func mean(_ column: String) -> Double {
      Action.planned.reduce(0) { sum, action in
        sum + share(of: action) * (catalog.constants["workload/\(action.rawValue)/\(column)"]?.value ?? 0)
      }
    }
    popularReads = share(of: .readPopular) * catalog.value(.readPopularReads)
    reads = mean("reads") - popularReads
    writes = mean("writes")
    passwords = mean("passwords")
    storedBytes = mean("storedBytes")
    pictureViews = mean("pictureViews")
    posts = share(of: .post)
  }
}

extension Action {
  /// What the catalog knows the means of: not sign-outs and new passwords, which are too rare to change a plan, and not
  /// uploads, since posts have their share of pictures.
  static let planned: [Action] = [
    .signUp, .logIn, .readFeed, .readPopular, .readPost, .post, .follow, .like,
  ]
}
