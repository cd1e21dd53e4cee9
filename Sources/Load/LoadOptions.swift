// What a run is asked to do.

import Workload

/// The options of a load run.
public struct LoadOptions: Sendable {
  /// `http://HOST:PORT` of the app.
  public var target: String
  /// Requests per second, above 0 up to 100,000.
  public var ratePerSecond: Double
  /// For how long requests become due, above 0 up to 86,400.
  public var durationSeconds: Double
  /// How many accounts are signed up first, 1…100,000. At stage 1 there are none.
  public var users: Int
  /// The file that acknowledged writes are appended to.
  public var ledgerPath: String
  /// The file that each operation is written to, in place of what it held; nil for none.
  public var historyPath: String?
  /// What visitors do, at every stage but the first, where they look at the launch page.
  public var workload: Workload
  /// When requests become due within their rate.
  public var spacing: Spacing
  /// The same seed makes the same decisions at the same times. Names and passwords are new in every run.
  public var seed: UInt64
  /// From sending a request until its whole answer.
  public var timeoutMs: Int
  /// How many requests may be under way; what becomes due beyond is shed and reported.
  public var inFlightLimit: Int
  /// How many connections are open at most.
  public var connectionLimit: Int

  /// What is outside its range is told when the run begins, as `LoadError.invalidOption`. The time-out is 1 to
  /// 600,000 ms, requests under way are 2 to 100,000, connections 2 to 20,000.
  public init(
    target: String, ratePerSecond: Double, durationSeconds: Double, users: Int = 100, ledgerPath: String,
    historyPath: String? = nil, workload: Workload = .standard, spacing: Spacing = .even,
    seed: UInt64 = .random(in: 0...UInt64(UInt32.max)), timeoutMs: Int = 10_000, inFlightLimit: Int = 4_096,
    connectionLimit: Int = 256
  ) {
    self.target = target
    self.ratePerSecond = ratePerSecond
    self.durationSeconds = durationSeconds
    self.users = users
    self.ledgerPath = ledgerPath
    self.historyPath = historyPath
    self.workload = workload
    self.spacing = spacing
    self.seed = seed
    self.timeoutMs = timeoutMs
    self.inFlightLimit = inFlightLimit
    self.connectionLimit = connectionLimit
  }

  /// One loop sends some 10,000 requests a second; the other core is the app's as long as possible.
  var loopCount: Int { ratePerSecond > 8_000 && users > 1 ? 2 : 1 }

  func validate() throws {
    try expect("rate", ratePerSecond, above: 0, upTo: 100_000, "requests per second")
    try expect("duration", durationSeconds, above: 0, upTo: 86_400, "seconds")
    try expect("users", Double(users), above: 0, upTo: 100_000, "users")
    try expect("timeout", Double(timeoutMs), above: 0, upTo: 600_000, "milliseconds")
    try expect("in flight", Double(inFlightLimit), above: 1, upTo: 100_000, "requests")
    try expect("connections", Double(connectionLimit), above: 1, upTo: 20_000, "connections")
  }

  private func expect(_ name: String, _ value: Double, above low: Double, upTo high: Double, _ unit: String)
    throws
  {
    guard value > low, value <= high else {
      throw LoadError.invalidOption(
        name: name, expected: "above \(plain(low)) and up to \(plain(high)) \(unit)", found: plain(value))
    }
  }

  private func plain(_ value: Double) -> String {
    Int(exactly: value).map { String($0) } ?? String(value)
  }
}
