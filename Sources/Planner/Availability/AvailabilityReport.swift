// What a stage's availability comes to: what AWS promises for it, and what failures are expected to take.

/// Availability against the stage's target.
public struct AvailabilityReport: Codable, Equatable, Sendable {
  /// A part of a path: one service of AWS, or several of the same that stand in for each other.
  public struct Member: Codable, Equatable, Sendable {
    /// Such as `App servers: 4 of 6 suffice`.
    public let name: String
    /// Composed, where it is several.
    public let availability: Double
    /// What it rests on, by the path in the catalog.
    public let constants: [String: Constant]
    /// Of the error budget; above 1 it takes more than all.
    public let budgetShare: Double
  }

  /// What people do that needs a chain of members.
  public struct Path: Codable, Equatable, Sendable {
    /// `reads`, `writes` or `files`.
    public let name: String
    /// Composed of what AWS promises: below it AWS gives money back, so it is a floor and no forecast.
    public let promised: Double
    /// Minutes in a month.
    public let promisedDowntimeMinutes: Double
    /// Of the error budget; above 1 it takes more than all.
    public let budgetShare: Double
    /// In the order in which a request meets them.
    public let members: [Member]
  }

  /// A kind of failure and what it takes from people.
  public struct Event: Codable, Equatable, Sendable {
    /// What fails, in words: `a server fails`.
    public let name: String
    /// How often it is expected, of all that there are of its kind together.
    public let perYear: Double
    /// Until requests are answered again.
    public let seconds: Double
    /// The share of requests that fail meanwhile.
    public let affectedShare: Double
    /// In an average month.
    public let minutesPerMonth: Double
    /// The rate and the time to recover, by the path in the catalog.
    public let constants: [String: Constant]
    /// Of the error budget; above 1 it takes more than all.
    public let budgetShare: Double
  }

  /// The share of time that the stage is meant to be there, 0 to 1.
  public let target: Double
  /// Minutes in a month that the target leaves.
  public let budgetMinutes: Double
  /// Each has the whole error budget to itself.
  public let paths: [Path]
  /// What the stage is expected to see, from a server's failure to a region's.
  public let events: [Event]
  /// What the events leave: a forecast from rates that are judged, not published.
  public let expected: Double
  /// Minutes in an average month: those of all events added up.
  public let expectedDowntimeMinutes: Double
  /// The share of the error budget that the events take.
  public let budgetShare: Double
}
