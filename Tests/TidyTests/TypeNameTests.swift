// A type's name has one meaning in the whole repository: who searches for it finds one thing.

import Testing

@Suite struct TypeNameTests {
  /// Named as AWS names its resources and their parts.
  private static let foreign = "Sources/CloudFormation/Resources/"

  /// The modules that declare each name, outside of any other type and for more than one file.
  private static func modules(_ files: [TextFile]) -> [String: Set<String>] {
    let declaration =
      /^(?:@\w+(?:\([^)]*\))? )*(?:(?:public|package|internal|final|indirect) )*(?:struct|class|enum|actor|protocol|typealias) (\w+)/
    var modules: [String: Set<String>] = [:]
    for file in files where file.isSwift && file.path.hasPrefix("Sources/") && !file.path.hasPrefix(foreign) {
      let module = String(file.path.split(separator: "/")[1])
      for line in file.lines {
        guard let name = line.firstMatch(of: declaration)?.1 else { continue }
        modules[String(name), default: []].insert(module)
      }
    }
    return modules
  }

  private static func duplicates(_ files: [TextFile]) -> [String: Set<String>] {
    modules(files).filter { $0.value.count > 1 }
  }

  @Test func aTypeNameHasOneMeaning() {
    #expect(Self.modules(Repository.code).count > 400)
    #expect(
      Self.duplicates(Repository.code) == [:],
      "two modules have a type of that name: call one of them for what it is there")
  }

  @Test func aSecondTypeOfThatNameIsNoticed() {
    let files = [
      TextFile(path: "Sources/Lab/A.swift", text: "struct A {\n  enum B {}\n}\nprivate enum C {}"),
      TextFile(
        path: "Sources/Climb/A.swift", text: "@MainActor public final class A {}\nenum B {}\nenum C {}"),
      TextFile(path: "Sources/Climb/B.swift", text: "typealias B = Int"),
      TextFile(path: "Sources/CloudFormation/Resources/C.swift", text: "struct C {}"),
    ]
    #expect(Self.duplicates(files) == ["A": ["Climb", "Lab"]])
  }
}
