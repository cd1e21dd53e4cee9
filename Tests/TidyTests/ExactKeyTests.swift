// What comes from outside is told apart by its bytes: two strings of Swift's are equal also where theirs are not.

import Testing

@Suite struct ExactKeyTests {
  private static let layers = ["Sources/HeightsHTTP/", "Sources/HeightsData/", "Sources/HeightsKit/"]

  /// Keyed by names that are ours or in ASCII: addresses, clusters, services, channels, variables, attributes of items,
  /// identifiers of sessions, codes of errors, checksums, functions of SQL.
  private static let ours: Set<String> = [
    "ReceivedBytes.byAddress", "DynamoPlace.variables", "DynamoError.busyCodes", "DynamoItem.names",
    "DynamoItem.found",
    "DynamoItem.left", "DynamoItem.tables", "SQLiteConnection.controls", "DiskQuota.measured",
    "PostgresStatements.keys",
    "PostgresTransaction.controls", "PostgresCluster.monitors", "ClusterMember.values", "CallToken.callers",
    "CallToken.keys", "TraceEndpoint.own", "Environment.variables", "AppContext.clusters",
    "AppContext+Placement.usedClusters", "RedisSubscription.unconfirmed", "DynamoTouches.waiting",
    "Migration.otherChecksums", "Migration.tables", "SQLiteFunctions.changed",
  ]

  /// Dictionaries and sets of strings that a type holds, as `File.name`.
  private static func found(_ files: [TextFile]) -> Set<String> {
    let stored = /^ +(?:\w+(?:\(set\))? )*(?:let|var) (\w+)(?:: | = )(?:Mutex<)?(?:\[String: |Set<String>)/
    let names = files.filter { file in layers.contains { file.path.hasPrefix($0) } }.flatMap { file in
      let base = file.path.split(separator: "/").last?.replacing(".swift", with: "") ?? ""
      return file.lines.compactMap { line in line.firstMatch(of: stored).map { "\(base).\($0.1)" } }
    }
    return Set(names)
  }

  @Test func whatIsKeyedByAStringFromOutsideIsKeyedByItsBytes() {
    #expect(Self.found(Repository.code).subtracting(Self.ours) == [], "ExactString, or a line in `ours`")
    #expect(Self.ours.subtracting(Self.found(Repository.code)) == [], "no longer there")
  }

  @Test func aDictionaryThatATypeHoldsIsNoticed() {
    let lines =
      "  private let a: [String: Int]\n  var b = Mutex<[String: Int]>([:])\n  static let c: Set<String> = []\n"
    let others = "  private let d: [ExactString: Int]\n  let e: [String]\n"
    let files = [TextFile(path: "Sources/HeightsKit/X/File.swift", text: lines + others)]
    #expect(Self.found(files) == ["File.a", "File.b", "File.c"])
  }
}
