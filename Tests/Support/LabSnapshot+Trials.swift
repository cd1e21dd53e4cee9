// Releases of an app, and what is tried on it: as the lab would tell of them.

import Policies

@testable import Lab

extension ReleaseBook {
  /// Release 4 runs, the one before can be gone back to, the first is removed, and one was taken back.
  package static var sample: ReleaseBook {
    var book = ReleaseBook()
    for number in 1...4 {
      book.add(
        LabRelease(
          number: number, madeAtMs: 1_700_000_000_000 + number * 3_600_000,
          origin: "/srv/summit, at commit 0123456789 (main)", fingerprint: "\(number)",
          runs: ReleaseRuns(all: ["run"])))
      book.assign(number, to: ["service-web-a"])
      if number == 3 { book.drop(fault: "posts does worse than before") } else { book.settle(number) }
    }
    book.noteRemoval(of: 1)
    return book
  }
}

extension LabSnapshot {
  /// The same while some of `posts` run release 5.
  package func trying() -> LabSnapshot {
    var snapshot = self
    var book = ReleaseBook.sample
    book.add(
      LabRelease(
        number: 5, madeAtMs: 1_700_000_040_000, origin: "/srv/summit", fingerprint: "5",
        runs: ReleaseRuns(all: ["run"])))
    book.assign(5, to: ["service-accounts-a", "service-accounts-b", "service-posts-a"])
    snapshot.releases = book
    snapshot.trials = [
      .sample("accounts", 0.5, release: 5, .wentOn), .sample("accounts", 1, release: 5, .wentOn),
      .sample("posts", 1.0 / 3, release: 5, .judging),
    ]
    return snapshot
  }

  /// The same in a climb that leads services apart: one of them has been, and another went back.
  package func leadingApart() -> LabSnapshot {
    var snapshot = self
    snapshot.trials =
      [10, 102, 512, 1_024].map { .sample("accounts", Double($0) / 1_024, .wentOn) } + [
        .sample("posts", 10.0 / 1_024, .wentOn),
        .sample(
          "posts", 102.0 / 1_024, .takenBack, failed: 31,
          text: "31 of 412 (7.5 %) failed, and 0 of 3600 (0.0 %) of what stays"),
      ]
    return snapshot
  }
}

extension LabSnapshot.Trial {
  fileprivate static func sample(
    _ service: String, _ share: Double, release: Int? = nil, _ verdict: Verdict, failed: Double = 0,
    text: String? = nil
  ) -> Self {
    var trial = Self(service: service, release: release, share: share)
    let total = (4_000 * share).rounded()
    trial.new = .init(
      AnswerCounts(
        total: total, failed: failed, timed: total, buckets: [.init(upToSeconds: 0.01, count: total)]))
    trial.staying = .init(
      AnswerCounts(total: 3_600, failed: 0, timed: 3_600, buckets: [.init(upToSeconds: 0.005, count: 3_600)]))
    (trial.verdict, trial.text) = (verdict, text)
    return trial
  }
}
