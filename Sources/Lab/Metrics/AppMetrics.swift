// How much an app answers, how fast, and with what.

/// The figures of an app since it started, read from its `/metrics`: `http_requests_total{status=…}` and the
/// histogram `http_request_duration_seconds`.
public struct AppMetrics: Codable, Equatable, Sendable {
  /// Requests that took no longer than a time.
  public struct Bucket: Codable, Equatable, Sendable {
    /// Answers that took this long or less; infinity is left out.
    public let upToSeconds: Double
    /// Those of the shorter buckets among them.
    public let count: Double
  }

  /// Answers by status, such as 200.
  public let answersByStatus: [Int: Double]
  /// Answers with a status of 2xx to requests that change something.
  public let writes: Double
  /// Cumulative, by rising bound.
  public let buckets: [Bucket]
  /// All answers that the histogram counts.
  public let timedCount: Double

  /// Reads Prometheus' text format; what it lacks is 0.
  public init(text: String) {
    var byStatus: [Int: Double] = [:]
    var byBound: [Double: Double] = [:]
    var (timed, writes) = (0.0, 0.0)
    for sample in PrometheusSample.parse(text) {
      switch sample.name {
      case PrometheusSample.answers:
        if let status = sample.labels["status"].flatMap({ Int($0) }) {
          byStatus[status, default: 0] += sample.value
          if 200..<300 ~= status, Self.isWrite(sample.labels["method"]) { writes += sample.value }
        }
      case "http_request_duration_seconds_bucket":
        guard let bound = sample.labels["le"].flatMap({ Double($0) }), bound.isFinite else { continue }
        byBound[bound, default: 0] += sample.value
      case "http_request_duration_seconds_count": timed += sample.value
      default: continue
      }
    }
    self.init(
      answersByStatus: byStatus, writes: writes, timedCount: timed,
      buckets: byBound.sorted { $0.key < $1.key }.map { Bucket(upToSeconds: $0.key, count: $0.value) })
  }

  private init(answersByStatus: [Int: Double], writes: Double, timedCount: Double, buckets: [Bucket]) {
    self.answersByStatus = answersByStatus
    self.writes = writes
    self.timedCount = timedCount
    self.buckets = buckets
  }

  /// What several processes have done together.
  public static func sum(_ all: some Sequence<AppMetrics>) -> AppMetrics {
    var byStatus: [Int: Double] = [:]
    var byBound: [Double: Double] = [:]
    var (writes, timed) = (0.0, 0.0)
    for one in all {
      byStatus.merge(one.answersByStatus, uniquingKeysWith: +)
      byBound.merge(one.buckets.map { ($0.upToSeconds, $0.count) }, uniquingKeysWith: +)
      writes += one.writes
      timed += one.timedCount
    }
    return AppMetrics(
      answersByStatus: byStatus, writes: writes, timedCount: timed,
      buckets: byBound.sorted { $0.key < $1.key }.map { Bucket(upToSeconds: $0.key, count: $0.value) })
  }

  private static func isWrite(_ method: String?) -> Bool {
    method.map { !["get", "head", "options"].contains($0.lowercased()) } ?? false
  }

  /// All answers.
  public var answers: Double { answersByStatus.values.reduce(0, +) }
  /// Answers with a status of 500 or more.
  public var errors: Double { answersByStatus.filter { $0.key >= 500 }.values.reduce(0, +) }

  /// What came after `earlier`. A process that was restarted meanwhile counts from its start.
  public func since(_ earlier: AppMetrics) -> AppMetrics {
    if answers < earlier.answers || timedCount < earlier.timedCount { return self }
    let before = Dictionary(earlier.buckets.map { ($0.upToSeconds, $0.count) }) { first, _ in first }
    return AppMetrics(
      answersByStatus: answersByStatus.merging(
        earlier.answersByStatus.mapValues { -$0 }, uniquingKeysWith: +),
      writes: writes - earlier.writes,
      timedCount: timedCount - earlier.timedCount,
      buckets: buckets.map {
        Bucket(upToSeconds: $0.upToSeconds, count: $0.count - before[$0.upToSeconds, default: 0])
      })
  }

  /// The time that a share of the answers (0.5 for the median) did not exceed, interpolated within its bucket; nil
  /// without answers. What lies above the last bound counts as the last bound.
  public func percentileSeconds(_ share: Double) -> Double? {
    guard timedCount > 0, let last = buckets.last else { return nil }
    let rank = share * timedCount
    var (lowerBound, lowerCount) = (0.0, 0.0)
    for bucket in buckets {
      if bucket.count >= rank, bucket.count > lowerCount {
        let part = (rank - lowerCount) / (bucket.count - lowerCount)
        return lowerBound + (bucket.upToSeconds - lowerBound) * max(0, part)
      }
      (lowerBound, lowerCount) = (bucket.upToSeconds, bucket.count)
    }
    return last.upToSeconds
  }
}
