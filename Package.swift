// swift-tools-version:6.2
// The package reads as the architecture: HeightsKit is what an app imports, the rest runs, moves and shows it.
import PackageDescription

let swift: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("InferIsolatedConformances"),
  .enableUpcomingFeature("ExistentialAny"),
  .treatAllWarnings(as: .error),
]

func target(_ name: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: swift)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
  .testTarget(name: name, dependencies: dependencies, exclude: exclude, swiftSettings: swift)
}

let package = Package(
  name: "heights",
  products: [
    .library(name: "HeightsKit", targets: ["HeightsKit"]),
    .executable(name: "heights", targets: ["HeightsCLI"]),
    .executable(name: "summit", targets: ["Summit"]),
  ],
  targets: [
    // What C offers: system libraries by their module maps, and shims for what Swift can't say.
    .systemLibrary(name: "CMicrohttpd", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CPostgres", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(
      name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),
    .target(name: "CRuntime", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "CPowerLog", cSettings: [.define("_GNU_SOURCE")]),
    // No product: what this package manager links brings the Swift runtime along. scripts/power-library makes the library.
    .target(name: "CPowerCut", dependencies: ["CPowerLog"], cSettings: [.define("_GNU_SOURCE")]),

    // What both sides share: the app, and what runs it.
    target("Files"),
    target("Errors"),
    target("Placement", ["Files"]),
    target("Contract", ["Placement"]),
    target("Dialect"),
    target("Workload"),
    target("Policies"),

    // What an app imports, in layers: who imports one has those below it.
    target("HeightsRuntime", ["CRuntime", "CSodium", "Files"]),
    target("HeightsHTTP", ["CMicrohttpd", "CRuntime", "HeightsRuntime", "Policies"]),
    target(
      "HeightsData",
      [
        "CCurl", "CPostgres", "CRuntime", "CSQLite", "CSodium", "Contract", "Dialect", "HeightsHTTP",
        "Placement",
        "Policies",
      ]),
    target(
      "HeightsKit", ["CHiredis", "COpenSSL", "CRuntime", "CSodium", "Contract", "HeightsData", "Policies"]),

    // What runs the app: each imports only those above it.
    target("Topology", ["Errors", "Placement"]),
    target("Planner", ["Errors", "Policies", "Topology", "Workload"], resources: [.embedInCode("Catalog")]),
    target("CloudFormation", ["Contract", "Errors", "Placement", "Policies", "Topology"]),
    target(
      "Lab",
      [
        "CSodium", "Contract", "Errors", "Files", "Placement", "Policies", "Topology", "Workload",
        "CPowerLog",
        "CRuntime",
      ],
      resources: [.embedInCode("Engines/Gate")]),
    target("Climb", ["Contract", "Errors", "Lab", "Placement", "Policies", "Topology"]),
    target("Rollout", ["Contract", "Dialect", "Errors", "Lab", "Policies"]),
    target("History"),
    target(
      "Load",
      [
        "Errors", "Files", "History", "Lab", "HeightsData", "HeightsHTTP", "HeightsRuntime", "Placement",
        "Policies",
        "Workload",
      ]),
    target(
      "Drill",
      ["Contract", "Errors", "History", "Load", "Lab", "Policies", "Topology", "Workload"]),
    target("Deploy", ["CSodium", "Errors", "Placement"]),
    target(
      "Console", ["Lab", "Topology", "HeightsHTTP", "HeightsRuntime"], resources: [.embedInCode("Page")]),
    .executableTarget(
      name: "HeightsCLI",
      dependencies: [
        "CloudFormation", "Console", "Climb", "Deploy", "Drill", "Errors", "History", "Load", "Lab",
        "Placement",
        "Planner", "Rollout", "Topology", "Workload",
      ],
      resources: [.embedInCode("Init/Template"), .embedInCode("Plan/Page")], swiftSettings: swift),

    // The example app.
    .executableTarget(
      name: "Summit", dependencies: ["HeightsKit"], path: "Examples/Summit",
      exclude: ["heights.json", "openapi.json", "Public", "Launch", "Migrations"], sources: ["Sources"],
      swiftSettings: swift),

    // What the benchmarks run beside their peers.
    .executableTarget(
      name: "BenchHello", dependencies: ["HeightsKit"], path: "Benchmarks/Hello", swiftSettings: swift),
    .executableTarget(
      name: "BenchRouter", dependencies: ["HeightsKit"], path: "Benchmarks/Router", swiftSettings: swift),
    .executableTarget(
      name: "BenchJSON", dependencies: ["HeightsKit"], path: "Benchmarks/JSON", swiftSettings: swift),
    .executableTarget(
      name: "BenchCalls", dependencies: ["HeightsKit"], path: "Benchmarks/Calls", swiftSettings: swift),

    // What tests share.
    .target(
      name: "CThreadSanitizer", path: "Tests/ThreadSanitizer", cSettings: [.define("_GNU_SOURCE")]),
    .target(
      name: "TestSupport", dependencies: ["CThreadSanitizer", "Lab", "Policies", "Topology", "CPostgres"],
      path: "Tests/Support", swiftSettings: swift),

    tests(
      "HeightsKitTests",
      [
        "Contract", "CSQLite", "Dialect", "HeightsData", "HeightsHTTP", "HeightsKit", "HeightsRuntime",
        "Policies", "TestSupport",
      ]),
    tests("DialectTests", ["Dialect", "TestSupport"]),
    tests("ContractTests", ["Contract", "TestSupport"]),
    tests("PlacementTests", ["Placement"]),
    tests("WorkloadTests", ["Workload"]),
    tests("PoliciesTests", ["Policies", "TestSupport"]),
    tests("TopologyTests", ["Placement", "Topology"]),
    tests("PlannerTests", ["Planner", "Policies", "Topology", "Workload"], exclude: ["Golden"]),
    tests(
      "CloudFormationTests", ["CloudFormation", "Placement", "TestSupport", "Topology"],
      exclude: ["Golden"]),
    tests("LabTests", ["Contract", "Lab", "Placement", "Policies", "Topology", "TestSupport", "Workload"]),
    tests("ClimbTests", ["Climb", "Contract", "Lab", "Placement", "Policies", "TestSupport", "Topology"]),
    tests("RolloutTests", ["Lab", "Policies", "Rollout", "TestSupport", "Topology"]),
    tests("HistoryTests", ["History", "TestSupport"]),
    tests(
      "LoadTests",
      ["HeightsData", "HeightsHTTP", "HeightsRuntime", "History", "Load", "TestSupport", "Workload"]),
    tests("DrillTests", ["Drill", "Load", "Lab", "TestSupport", "Topology"]),
    tests("DeployTests", ["Deploy", "Placement"]),
    tests(
      "ConsoleTests", ["Console", "Contract", "HeightsRuntime", "TestSupport", "Topology"],
      exclude: ["Golden"]),
    tests("HeightsCLITests", ["HeightsCLI", "CloudFormation", "Contract", "Lab", "Planner"]),
    tests("SummitTests", ["Summit", "HeightsHTTP", "HeightsKit", "TestSupport"]),
    tests("TidyTests", []),
  ]
)
