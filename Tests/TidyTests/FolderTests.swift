// The folders of HeightsKit and of the modules that it is made of lie in layers: what is below names nothing of what is above.

import Testing

@Suite struct FolderTests {
  /// The folders that each may name types of, in layers from below.
  private static let allowed: [String: Set<String>] = {
    let runtime: Set<String> = ["HeightsRuntime", "Text", "JSON", "Telemetry"]
    let http = runtime.union(["HeightsHTTP"])
    let data = http.union(["SQL", "Shards", "Objects", "Tables"])
    let app = data.union(["Redis", "Cache", "Sessions", "Services", "Placement", "Launch", "Traces"])
    return [
      "HeightsRuntime": [], "Text": [], "JSON": ["Text"], "Telemetry": ["HeightsRuntime", "Text"],
      "HeightsHTTP": runtime,
      "Shards": ["HeightsRuntime"], "SQL": http.union(["Shards"]), "AWS": http,
      "Objects": http.union(["SQL", "AWS"]), "Tables": http.union(["AWS"]),
      "TLS": http.union(["Tables"]),
      "Redis": http.union(["TLS"]), "Cache": http.union(["Redis", "SQL"]), "Sessions": data.union(["Redis"]),
      "Placement": runtime, "Services": http.union(["Placement", "TLS"]),
      "Traces": http.union(["TLS"]),
      "Launch": app.union(["App"]), "App": app,
    ]
  }()

  private static let modules = ["HeightsRuntime", "HeightsHTTP", "HeightsData", "HeightsKit"]

  /// The folder that has a line above; what lies in none of these is its module's.
  private static func folder(of file: TextFile) -> String {
    let parts = file.path.split(separator: "/").map(String.init)
    return allowed[parts[2]] == nil ? parts[1] : parts[2]
  }

  /// A line without its comment, and without what it says in quotes.
  private static func code(of line: String) -> Substring {
    let bare = line.replacing(/"(?:[^"\\]|\\.)*"/, with: "")
    return bare.prefix(upTo: bare.firstRange(of: "//")?.lowerBound ?? bare.endIndex)
  }

  /// `folder: type`, and where, for each type of a folder that may not be named.
  private static func upward(_ files: [TextFile]) -> [String: String] {
    let files = files.filter { file in
      file.isSwift && modules.contains { file.path.hasPrefix("Sources/\($0)/") }
    }
    let declaration =
      /^(?:@\w+(?:\([^)]*\))? )*(?:(?:public|package|internal|final|indirect) )*(?:struct|class|enum|actor|protocol|typealias) (\w+)/
    var homes: [Substring: String] = [:]
    for file in files {
      for line in file.lines {
        if let name = line.firstMatch(of: declaration)?.1 { homes[name] = folder(of: file) }
      }
    }
    var upward: [String: String] = [:]
    for file in files {
      let folder = folder(of: file)
      for (index, line) in file.lines.enumerated() {
        for word in code(of: line).split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }) {
          guard let home = homes[word], home != folder, allowed[folder]?.contains(home) != true else {
            continue
          }
          upward["\(folder): \(word)"] = "\(file.path):\(index + 1)"
        }
      }
    }
    return upward
  }

  @Test func whatIsBelowNamesNothingOfWhatIsAbove() {
    #expect(
      Self.upward(Repository.code) == [:],
      "move it to the folder that may: App knows all, HTTP knows no data, the runtime knows neither")
  }

  @Test func aTypeFromAboveIsNoticed() {
    let kit = "Sources/HeightsKit/"
    let files = [
      TextFile(
        path: "Sources/HeightsHTTP/New/A.swift", text: "public struct A {}\n/// B\nlet a = \"B\" // B"),
      TextFile(path: "Sources/HeightsData/SQL/B.swift", text: "final class B {\n  let a: A\n}"),
      TextFile(path: "Sources/HeightsRuntime/C.swift", text: "func c(_ b: [B]) {}"),
      TextFile(path: kit + "New/D.swift", text: "let a: A"),
    ]
    #expect(
      Self.upward(files) == [
        "HeightsRuntime: B": "Sources/HeightsRuntime/C.swift:1", "HeightsKit: A": kit + "New/D.swift:1",
      ])
  }
}
