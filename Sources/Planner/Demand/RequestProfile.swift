// What the average request asks of each tier.

/// Means per request, by the mix and the catalog.
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

  init(_ mix: RequestMix, _ catalog: Catalog) {
    func mean(_ column: String) -> Double {
      RequestKind.allCases.reduce(0) { sum, kind in
        sum + mix.share(of: kind) * (catalog.constants["workload/\(kind.rawValue)/\(column)"]?.value ?? 0)
      }
    }
    popularReads = mix.share(of: .readPopular) * catalog.value(.readPopularReads)
    reads = mean("reads") - popularReads
    writes = mean("writes")
    passwords = mean("passwords")
    storedBytes = mean("storedBytes")
    pictureViews = mean("pictureViews")
    posts = mix.share(of: .post)
  }
}
