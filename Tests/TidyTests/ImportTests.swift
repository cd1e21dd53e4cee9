// Modules import downwards only: what an app imports knows nothing of what runs it.

import Testing

@Suite struct ImportTests {
  /// What both the app and what runs it may know.
  private static let leaves: Set<String> = ["Contract", "Files", "Placement", "Policies"]

  /// What of ours each module may import, by the folder it lies in. The first that fits counts.
  private static let allowed: [(folder: String, modules: Set<String>)] = [
    ("Sources/Errors/", []),
    ("Sources/Files/", []),
    ("Sources/Placement/", ["Files"]),
    ("Sources/Contract/", ["Placement"]),
    ("Sources/Dialect/", []),
    ("Sources/Workload/", []),
    ("Sources/Policies/", []),
    ("Sources/HeightsRuntime/", ["Files", "CRuntime", "CSodium"]),
    ("Sources/HeightsHTTP/", ["HeightsRuntime", "Policies", "CMicrohttpd", "CRuntime"]),
    (
      "Sources/HeightsData/",
      [
        "HeightsHTTP", "Contract", "Dialect", "Placement", "Policies", "CCurl", "CPostgres", "CRuntime",
        "CSQLite", "CSodium",
      ]
    ),
    (
      "Sources/HeightsKit/",
      ["HeightsData", "Contract", "Policies", "CHiredis", "COpenSSL", "CRuntime", "CSodium"]
    ),
    ("Sources/Topology/", ["Errors", "Placement"]),
    ("Sources/Planner/", ["Errors", "Policies", "Topology", "Workload"]),
    ("Sources/CloudFormation/", ["Contract", "Errors", "Placement", "Policies", "Topology"]),
    ("Sources/Lab/", leaves.union(["Errors", "Topology", "Workload", "CRuntime", "CSodium"])),
    ("Sources/Climb/", ["Contract", "Errors", "Placement", "Policies", "Lab", "Topology"]),
    (
      "Sources/Drill/",
      ["Contract", "Errors", "History", "Load", "Lab", "Policies", "Topology", "Workload"]
    ),
    ("Sources/Rollout/", ["Contract", "Dialect", "Errors", "Lab", "Policies"]),
    ("Sources/History/", []),
    (
      "Sources/Load/",
      [
        "Errors", "Files", "Placement", "Policies", "History", "Lab", "HeightsData", "HeightsHTTP",
        "HeightsRuntime", "Workload",
      ]
    ),
    ("Sources/Deploy/", ["CSodium", "Errors", "Placement"]),
    ("Sources/Console/", ["Lab", "Topology", "HeightsHTTP", "HeightsRuntime"]),
    (
      "Sources/HeightsCLI/",
      [
        "CloudFormation", "Console", "Deploy", "Drill", "Climb", "Errors", "History", "Load", "Lab",
        "Placement",
        "Planner", "Rollout", "Topology", "Workload",
      ]
    ),
    ("Examples/", ["HeightsKit"]),
    ("Benchmarks/", ["HeightsKit"]),
    ("Tests/Support/", ["Lab", "Policies", "Topology", "CPostgres"]),
    ("Tests/TidyTests/", []),
  ]

  /// Everything that is ours, so that what is not listed (Foundation, Glibc) may be imported by anybody.
  private static let ours = Set(allowed.flatMap(\.modules)).union(["HeightsCLI", "Summit", "TestSupport"])

  /// `path:line: module` of each import that leads upwards.
  private static func upward(_ files: [TextFile]) -> [String] {
    files.filter { $0.isSwift && !isTest($0.path) }.flatMap { file -> [String] in
      let allowed = allowed.first { file.path.hasPrefix($0.folder) }?.modules
      return file.lines.enumerated().compactMap { index, line -> String? in
        guard let module = module(importedBy: line), ours.contains(module) else { return nil }
        return allowed?.contains(module) == true ? nil : "\(file.path):\(index + 1): \(module)"
      }
    }
  }

  /// Tests may import what they test, and what that runs on.
  private static func isTest(_ path: String) -> Bool {
    path.hasPrefix("Tests/") && !path.hasPrefix("Tests/Support/") && !path.hasPrefix("Tests/TidyTests/")
      || path.contains("/Tests/")
  }

  private static func module(importedBy line: String) -> String? {
    guard line.contains("import ") else { return nil }
    let pattern =
      /^\s*(?:@\w+(?:\(\w+\))?\s+|public\s+|package\s+|internal\s+|private\s+|fileprivate\s+)*import\s+(?:(?:struct|class|enum|protocol|typealias|func|let|var)\s+)?(\w+)/
    return line.firstMatch(of: pattern).map { String($0.1) }
  }

  @Test func noModuleImportsUpward() {
    #expect(Self.upward(Repository.code) == [], "HeightsCLI → {Console, Drill, Climb, Load} → Lab → Topology")
  }

  @Test(arguments: [
    ("Sources/HeightsKit/A.swift", "import Lab"),
    ("Sources/HeightsRuntime/A.swift", "import CPostgres"),
    ("Sources/Console/A.swift", "import HeightsKit"),
    ("Sources/HeightsData/A.swift", "import HeightsKit"),
    ("Sources/HeightsHTTP/A.swift", "import HeightsData"),
    ("Sources/Topology/A.swift", "import CRuntime"),
    ("Sources/Lab/A.swift", "@testable import Climb"),
    ("Sources/Climb/A.swift", "public import struct HeightsKit.Request"),
    ("Sources/Placement/A.swift", "import Contract"),
    ("Sources/New/A.swift", "import Lab"),
    ("Benchmarks/A.swift", "  import Lab"),
  ])
  func anUpwardImportIsNoticed(path: String, line: String) {
    #expect(Self.upward([TextFile(path: path, text: "// A.\n\(line)\n")]).count == 1)
  }

  @Test(arguments: ["import Foundation", "import Topology", "// import Climb", "let a = \"import Climb\""])
  func otherImportsAreFine(line: String) {
    #expect(Self.upward([TextFile(path: "Sources/Lab/A.swift", text: line)]) == [])
  }
}
