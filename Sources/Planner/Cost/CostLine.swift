// One line of the monthly bill.

/// What something costs in a month, and what that rests on.
public struct CostLine: Codable, Equatable, Sendable {
  /// The parts of a bill, in the order in which it is read.
  public enum Section: String, Codable, CaseIterable, Sendable {
    case servers, database, cache, sessions, files, edge, balancing, network, names, operations, launchPage

    /// As a heading for people.
    public var title: String {
      switch self {
      case .servers: "App servers"
      case .database: "Database"
      case .cache: "Cache"
      case .sessions: "Sessions"
      case .files: "Files"
      case .edge: "CDN"
      case .balancing: "Load balancing"
      case .network: "Network"
      case .names: "DNS and health"
      case .operations: "Logs, alarms, keys"
      case .launchPage: "Launch page"
      }
    }
  }

  /// Where it stands in the bill.
  public let section: Section
  /// What is paid for, such as `3 × c7g.large`.
  public let item: String
  /// The code of the region that is billed; nil for what belongs to none.
  public let region: String?
  /// In a month, in `unit`.
  public let quantity: Double
  /// Of the quantity, such as `GB`.
  public let unit: String
  /// USD per month.
  public let amount: Double
  /// Every constant that the amount rests on, by its path in the catalog.
  public let constants: [String: Constant]
  /// Whether the price or the quantity rests on a judgement.
  public let isEstimate: Bool

  init(
    section: Section, item: String, region: String?, quantity: Double, unit: String, amount: Double,
    constants: [String: Constant]
  ) {
    self.section = section
    self.item = item
    self.region = region
    self.quantity = quantity
    self.unit = unit
    self.amount = amount
    self.constants = constants
    isEstimate = constants.values.contains { $0.isEstimate }
  }
}
