// How many requests may fail in 30 days, how many have, and how fast it goes.

/// Requests and failures by the time at which they were counted. What may fail is counted with them, so that each request is
/// judged by what was promised then: a climb to a stage that promises more does not make yesterday worse.
public struct ErrorBudget: Codable, Equatable, Sendable {
  /// What was counted in a stretch of time.
  public struct Counts: Equatable, Sendable {
    /// Requests that were answered, well or not.
    public private(set) var requests = 0.0
    /// Those that failed by a fault of ours.
    public private(set) var failed = 0.0
    /// How many of them may fail: requests times what the target leaves.
    public private(set) var allowed = 0.0

    /// Of nobody.
    public init() {}

    /// - Parameter target: the share that is to succeed, at least 0 and below 1.
    public init(requests: Double, failed: Double, target: Double) {
      (self.requests, self.failed, allowed) = (requests, failed, requests * (1 - target))
    }

    /// How many times as often they fail as they may; 1 uses up a budget in the time that it is for. 0 without requests.
    public var burnRate: Double { allowed > 0 ? failed / allowed : 0 }

    static func += (left: inout Counts, right: Counts) {
      left.requests += right.requests
      left.failed += right.failed
      left.allowed += right.allowed
    }
  }

  /// The time that a budget is for.
  public static let days = 30

  /// Slots of one length, oldest first, each with what was counted from its start on; those without requests are left out.
  private struct Slots: Equatable, Sendable {
    struct Slot: Codable, Equatable, Sendable {
      /// Since 1970, in slots.
      let number: Int
      var counts: Counts
    }

    let seconds: Int
    /// How many there can be.
    let limit: Int
    var slots: [Slot] = []

    init(seconds: Int, limit: Int) { (self.seconds, self.limit) = (seconds, limit) }

    /// Where there are too many, what is farthest from now goes first: a clock that is wrong for once takes one slot away, and not all.
    mutating func add(_ counts: Counts, atSeconds now: Int) {
      let number = now / seconds
      let place = slots.firstIndex { $0.number >= number } ?? slots.count
      if place < slots.count, slots[place].number == number {
        slots[place].counts += counts
      } else {
        slots.insert(Slot(number: number, counts: counts), at: place)
      }
      if slots.count > limit, let first = slots.first, let last = slots.last {
        slots.remove(at: number - first.number >= last.number - number ? 0 : slots.count - 1)
      }
    }

    /// To the slot: the one under way and those before it that lie within the time as a whole.
    func counts(ofLast length: Int, atSeconds now: Int) -> Counts {
      let number = now / seconds
      return slots.reduce(into: Counts()) { sum, slot in
        if slot.number <= number, slot.number > number - length / seconds { sum += slot.counts }
      }
    }
  }

  private var minutes = Slots(seconds: 60, limit: Self.minuteWindow / 60)
  private var hours = Slots(seconds: 3_600, limit: Self.days * 24)

  /// Up to this long a time is counted to the minute, and longer ones to the hour.
  private static let minuteWindow = 6 * 3_600

  /// Nothing was counted yet.
  public init() {}

  /// Counts what has been answered since it was told last.
  /// - Parameter seconds: since 1970.
  public mutating func add(_ counts: Counts, atSeconds seconds: Int) {
    if counts.requests <= 0 && counts.failed <= 0 { return }
    minutes.add(counts, atSeconds: seconds)
    hours.add(counts, atSeconds: seconds)
  }

  /// What was counted in the last seconds: to the minute up to six hours, to the hour up to 30 days.
  public func counts(ofLast length: Int, atSeconds now: Int) -> Counts {
    (length <= Self.minuteWindow ? minutes : hours).counts(ofLast: length, atSeconds: now)
  }

  /// What was counted in the time that the budget is for.
  public func counts(atSeconds now: Int) -> Counts {
    counts(ofLast: Self.days * 24 * 3_600, atSeconds: now)
  }

  /// Whether requests have failed too often, and still do.
  public func fires(_ alarm: BurnAlarm, atSeconds now: Int) -> Bool {
    [alarm.longSeconds, alarm.shortSeconds].allSatisfy {
      counts(ofLast: $0, atSeconds: now).burnRate > alarm.rate
    }
  }
}

// As it is kept: what was counted, by the number of its slot.
extension ErrorBudget {
  private enum Key: String, CodingKey {
    case minutes, hours
  }

  /// - Throws: `DecodingError` for what can't have been counted.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    self.init()
    minutes.slots = try Self.slots(values, .minutes, limit: minutes.limit)
    hours.slots = try Self.slots(values, .hours, limit: hours.limit)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(minutes.slots, forKey: .minutes)
    try values.encode(hours.slots, forKey: .hours)
  }

  private static func slots(
    _ values: KeyedDecodingContainer<Key>, _ key: Key, limit: Int
  ) throws -> [Slots.Slot] {
    let slots = try values.decode([Slots.Slot].self, forKey: key)
    guard slots.count <= limit, zip(slots, slots.dropFirst()).allSatisfy({ $0.number < $1.number }) else {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: values,
        debugDescription: "\(slots.count) slots, which have to rise and be \(limit) at most")
    }
    return slots
  }
}

extension ErrorBudget.Counts: Codable {
  private enum Key: String, CodingKey {
    case requests, failed, allowed
  }

  /// - Throws: `DecodingError` for what can't have been counted.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    requests = try values.decode(Double.self, forKey: .requests)
    failed = try values.decode(Double.self, forKey: .failed)
    allowed = try values.decode(Double.self, forKey: .allowed)
    // A target of more than 1 - 1e-9 is nobody's.
    guard 0...1e15 ~= requests, 0...requests ~= failed, requests * 1e-9...requests ~= allowed else {
      throw DecodingError.dataCorruptedError(
        forKey: .requests, in: values,
        debugDescription: "\(failed) of \(requests) failed, and \(allowed) may")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(requests, forKey: .requests)
    try values.encode(failed, forKey: .failed)
    try values.encode(allowed, forKey: .allowed)
  }
}
