// The releases of an app as they are told: by `heights releases`, and by the console.

/// As JSON: `{"current": 2, "releases": [{"number": 2, "state": "running", "madeAtMs": …, "from": "…"}, …]}`.
public struct ReleaseList: Encodable, Equatable, Sendable {
  /// One of them.
  public struct Line: Encodable, Equatable, Sendable {
    public let number: Int
    public let state: ReleaseBook.Standing
    /// Since 1970 (UTC), in milliseconds.
    public let madeAtMs: Int
    /// For people: a folder, and the commit that it was at.
    public let from: String
    /// Why it was taken back; nil when it was not.
    public let fault: String?
    /// Whether its files are there, so that it can be gone back to.
    public let isKept: Bool
  }

  /// What the app runs; nil before the lab's first start.
  public let current: Int?
  /// The one on its way, and the processes that run it by now; nil while none is.
  public let rollout: ReleaseBook.Rollout?
  /// The newest first.
  public let releases: [Line]

  /// Those of a lab.
  public init(_ book: ReleaseBook) {
    (current, rollout) = (book.current, book.rollout)
    releases = book.all.reversed().map { release in
      Line(
        number: release.number, state: book.standing(of: release), madeAtMs: release.madeAtMs,
        from: release.origin, fault: release.fault, isKept: !release.isRemoved)
    }
  }
}
