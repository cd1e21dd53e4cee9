// Every figure that the planner reckons with.

/// The constants by name, the sizes that can be rented, and the prices of each region.
public struct Catalog: Sendable {
  /// By path, such as `prices/ebs/perGBMonth`.
  private(set) var constants: [String: Constant]
  /// Of each key: all are there, that is checked when the catalog is made.
  private var values: [Key: Constant] = [:]
  /// Of a region's code: where its visitors are, in CloudFront's price list.
  let geographies: [String: String]

  /// EC2 instances for apps.
  private(set) var computeSizes: [MachineSize] = []
  /// RDS classes.
  private(set) var databaseSizes: [MachineSize] = []
  /// ElastiCache nodes.
  private(set) var cacheSizes: [MachineSize] = []

  /// The catalog that is compiled in.
  /// - Throws: `CatalogError` when a file of it is damaged.
  public init() throws(CatalogError) {
    do {
      var reader = try CatalogReader(sources: PackageResources.sources_json)
      try reader.readConstants("prices", PackageResources.prices_json)
      try reader.readConstants("limits", PackageResources.limits_json)
      try reader.readConstants("capacities", PackageResources.capacities_json)
      try reader.readConstants("workload", PackageResources.workload_json)
      try reader.readConstants("availability", PackageResources.availability_json)
      try reader.readConstants("needs", PackageResources.needs_json)
      try reader.readTables("instances", PackageResources.instances_json)
      try reader.readTables("regions", PackageResources.regions_json)
      if !reader.problems.isEmpty { throw CatalogError(problems: reader.problems.sorted()) }
      constants = reader.constants
      geographies = try CatalogReader.decode([String: String].self, PackageResources.geographies_json)
    } catch {
      throw error as? CatalogError ?? CatalogError(problems: ["the catalog can't be read: \(error)"])
    }
    try index()
  }

  /// Finds what is looked up often once.
  private mutating func index() throws(CatalogError) {
    for key in Key.allCases { values[key] = constants[key.rawValue] }
    let missing = Key.allCases.filter { values[$0] == nil }.map { "\($0.rawValue): is missing" }
    if !missing.isEmpty { throw CatalogError(problems: missing) }
    computeSizes = Self.sizes("ec2", constants)
    databaseSizes = Self.sizes("rds", constants)
    cacheSizes = Self.sizes("elastiCache", constants)
  }

  /// The constant of a key.
  public subscript(_ key: Key) -> Constant {
    guard let constant = values[key] else {
      preconditionFailure("\(key.rawValue) was there when the catalog was made")
    }
    return constant
  }

  func value(_ key: Key) -> Double { self[key].value }

  /// The same catalog with other values: `source` tells where they come from.
  /// - Throws: `CatalogError` when a path names no constant.
  func replacing(_ replacements: [String: Double], source: String) throws(CatalogError) -> Catalog {
    let unknown = replacements.keys.filter { constants[$0] == nil }.sorted()
    if !unknown.isEmpty { throw CatalogError(problems: unknown.map { "\($0): no such constant" }) }
    var catalog = self
    for (path, value) in replacements {
      catalog.constants[path] = constants[path]?.replaced(by: value, source: source)
    }
    try catalog.index()
    return catalog
  }

  /// The codes of the regions that have prices, in order.
  var regionCodes: [String] { geographies.keys.sorted() }

  /// A figure of a region, such as its `priceFactor`.
  func regional(_ column: String, of region: String) -> Constant? {
    constants["regions/aws/\(region)/\(column)"]
  }

  /// A price of CloudFront for visitors of a region.
  func edge(_ column: String, near region: String) -> Constant? {
    geographies[region].flatMap { constants["regions/cloudFront/\($0)/\(column)"] }
  }
}
