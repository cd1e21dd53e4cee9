// When the writes of a ledger say that they were made.

import HeightsData

extension LedgerVerification {
  /// Of the latest identifier of an acknowledged post, in seconds since 1970; nil when there is none.
  public var latestPostSeconds: Double? {
    get throws {
      let posts = try Ledger.read(path: ledgerPath).posts.keys.compactMap { Identifier($0) }
      return posts.map { Double($0.createdAtMs) / 1_000 }.max()
    }
  }
}
