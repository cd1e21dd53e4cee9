// What an app's processes are told by their environment is told by somebody and read by somebody.

import Testing

@Suite struct VariableTests {
  private static let contract = "Sources/Contract/AppVariable.swift"
  private static let writers = ["Sources/Lab/", "Sources/CloudFormation/"]
  private static let readers = ["Sources/HeightsHTTP/", "Sources/HeightsData/", "Sources/HeightsKit/"]

  /// Set by whoever runs an app, not by us.
  private static let forPeople: Set<String> = [
    "commitGroup", "logRequests", "assetsURL", "calls", "tracesEndpoint", "telemetryEndpoint", "tracesSlowMs",
    "tracesHeaders", "telemetryHeaders", "tracesCertificate", "telemetryCertificate",
  ]
  /// Read by libpq.
  private static let forLibraries: Set<String> = ["databasePasswordFile"]
  /// By which a lab knows its own processes among all of the machine.
  private static let forTheLab: Set<String> = ["secretFile"]

  /// The names of the contract's variables, and which of them the code sets and reads.
  private static func uses(
    _ files: [TextFile]
  ) -> (all: Set<String>, written: Set<String>, read: Set<String>) {
    let all = files.first { $0.path == contract }?.lines.compactMap { line in
      line.firstMatch(of: /^  case (\w+) = "/).map { String($0.1) }
    }
    func used(in folders: [String]) -> Set<String> {
      let lines = files.filter { file in folders.contains { file.path.hasPrefix($0) } }.flatMap(\.lines)
      // In the forms in which they are used: many have the name of something else too.
      let use = /(?:variables\[|settings\.set\(|number\(|databaseURL\(|AppVariable|^ +)\.(\w+)(?:[\],):]|$)/
      let names = lines.flatMap { line in line.matches(of: use).map { String($0.1) } }
      return Set(all ?? []).intersection(names)
    }
    return (Set(all ?? []), used(in: writers), used(in: readers))
  }

  /// Literals that should be one of the contract.
  private static func literals(_ files: [TextFile]) -> [String] {
    let names = files.first { $0.path == contract }?.lines.compactMap { line in
      line.firstMatch(of: /^  case \w+ = "(HEIGHTS_\w+)"/).map { String($0.1) }
    }
    return files.filter { $0.path.hasPrefix("Sources/") && $0.isSwift && $0.path != contract }.flatMap {
      file -> [String] in
      file.lines.enumerated().compactMap { index, line in
        names?.contains { line.contains("\"\($0)\"") } == true ? "\(file.path):\(index + 1)" : nil
      }
    }
  }

  @Test func whatIsSetIsReadAndWhatIsReadIsSet() {
    let (all, written, read) = Self.uses(Repository.code)
    #expect(all.count > 20)
    #expect(all.subtracting(written) == Self.forPeople, "read, and set by nobody")
    #expect(
      all.subtracting(read) == Self.forLibraries.union(Self.forTheLab), "set, and read by nobody")
  }

  @Test func aVariableIsCalledByItsNameInTheContract() {
    #expect(Self.literals(Repository.code) == [])
  }

  @Test func aVariableThatNobodyReadsOrSetsIsNoticed() {
    let files = [
      TextFile(path: Self.contract, text: "  case a = \"HEIGHTS_A\"\n  case b = \"HEIGHTS_B\"\n"),
      TextFile(path: "Sources/Lab/A.swift", text: "variables[.a] = 1"),
      TextFile(path: "Sources/HeightsKit/B.swift", text: "number(.b)"),
      TextFile(path: "Sources/Drill/C.swift", text: "let c = environment[\"HEIGHTS_B\"]"),
    ]
    let (all, written, read) = Self.uses(files)
    #expect(all == ["a", "b"] && written == ["a"] && read == ["b"])
    #expect(Self.literals(files) == ["Sources/Drill/C.swift:1"])
  }
}
