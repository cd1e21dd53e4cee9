// What a module shows to others says what it promises.

import Testing

/// A declaration that other modules see: `public` or `package`, or asked for by a protocol that is.
///
/// `package` counts too: it is what our own modules promise each other. What only its own module uses is neither.
struct VisibleDeclaration {
  let path: String
  /// From 1.
  let line: Int
  /// From its keyword on, without modifiers.
  let text: String
  let isRequirement: Bool
  /// A comment with three slashes ends just above it, or above its attributes.
  let isDocumented: Bool

  var place: String { "\(path):\(line): \(text.prefix(80))" }

  /// By the folder in Sources.
  var module: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? "" }

  /// Those of some files, but for what needs no words of its own: what the standard library's protocols ask for, and what
  /// one of ours asks for that says there what it promises. Cases of an enum are its own comment's to explain.
  static func all(in files: [TextFile]) -> [VisibleDeclaration] {
    let all = files.flatMap(declarations)
    let told = standard + all.filter { $0.isRequirement && $0.isDocumented }.map(\.signature)
    return all.filter { declaration in
      declaration.isRequirement || !told.contains { declaration.text.hasPrefix($0) }
    }
  }

  /// How the declarations of a type begin that answer a requirement.
  private var signature: String {
    text.firstRange(of: " {").map { String(text[..<$0.lowerBound]) } ?? text
  }

  private static let standard = [
    "enum CodingKeys", "init(from decoder:", "func encode(to ", "var description", "let description",
    "var debugDescription", "func == ", "func < ", "func hash(into ", "init(rawValue:", "let rawValue:",
    "init(stringLiteral ", "init(integerLiteral ", "init(dictionaryLiteral ", "init(stringInterpolation:",
    "init(literalCapacity:", "struct StringInterpolation:", "func appendLiteral(", "func enqueue(_ job:",
    "func asUnowned", "func checkIsolated()", "func isIsolatingCurrentContext()",
  ]

  private static func declarations(in file: TextFile) -> [VisibleDeclaration] {
    /// How deep the requirements of the protocol lie that is being read.
    var requirementsDepth: Int?
    return file.lines.enumerated().compactMap { index, line in
      if let depth = requirementsDepth, line.prefix(depth).contains(where: { $0 != " " }) {
        requirementsDepth = nil
      }
      guard let start = DeclarationStart(line) else { return nil }
      let isRequirement = start.depth == requirementsDepth
      guard start.isVisible || isRequirement else { return nil }
      if start.text.hasPrefix("protocol "), !line.hasSuffix("}") { requirementsDepth = start.depth + 2 }
      return VisibleDeclaration(
        path: file.path, line: index + 1, text: start.text, isRequirement: isRequirement,
        isDocumented: hasComment(file.lines[..<index]))
    }
  }

  private static func hasComment(_ above: ArraySlice<String>) -> Bool {
    let nearest = above.last { line in
      let text = line.drop { $0 == " " }
      return !(text.hasPrefix("@") && (text.hasSuffix(")") || !text.contains(" ")))
    }
    return nearest?.drop { $0 == " " }.hasPrefix("///") ?? false
  }
}

/// The line that a declaration begins with, its modifiers apart.
private struct DeclarationStart {
  private static let keywords: Set<Substring> = [
    "actor", "associatedtype", "class", "enum", "func", "init", "let", "protocol", "struct", "subscript",
    "typealias", "var",
  ]
  private static let modifiers: Set<Substring> = [
    "borrowing", "consuming", "convenience", "distributed", "dynamic", "final", "indirect", "infix",
    "internal(set)", "isolated", "lazy", "mutating", "nonisolated", "nonisolated(nonsending)",
    "nonisolated(unsafe)", "nonmutating", "open", "override", "package", "package(set)", "postfix", "prefix",
    "private(set)", "public", "required", "static", "unowned", "weak",
  ]

  /// How far it is indented.
  let depth: Int
  let isVisible: Bool
  /// From its keyword on.
  let text: String

  /// Nil for a line that begins no declaration.
  init?(_ line: String) {
    depth = line.prefix { $0 == " " }.count
    var rest = line.dropFirst(depth)
    var isVisible = false
    while let end = rest.firstIndex(of: " ") {
      let word = rest[..<end]
      guard Self.modifiers.contains(word) || word.hasPrefix("@") else { break }
      if ["public", "package", "open"].contains(word) { isVisible = true }
      rest = rest[end...].drop { $0 == " " }
    }
    guard Self.keywords.contains(rest.prefix { $0.isLetter }) else { return nil }
    self.isVisible = isVisible
    text = String(rest)
  }
}

@Suite struct PublicDocumentationTests {
  /// Of a hundred, in each module.
  private static let aim = 95

  private static let declarations = VisibleDeclaration.all(
    in: Repository.code.filter { $0.isSwift && $0.path.hasPrefix("Sources/") })

  private static func declarations(in text: String) -> [VisibleDeclaration] {
    VisibleDeclaration.all(in: [TextFile(path: "Sources/A/B.swift", text: text)])
  }

  /// `path:line: declaration` of what lacks a comment; nothing when enough of it has one.
  private static func lacking(_ declarations: [VisibleDeclaration], atLeast percentage: Int) -> [String] {
    let missing = declarations.filter { !$0.isDocumented }
    if (declarations.count - missing.count) * 100 >= percentage * declarations.count { return [] }
    return missing.map(\.place)
  }

  @Test(arguments: Set(declarations.map(\.module)).sorted())
  func whatOthersSeeOfAModuleSaysWhatItPromises(module: String) {
    let visible = Self.declarations.filter { $0.module == module }
    #expect(
      Self.lacking(visible, atLeast: Self.aim) == [],
      "say what it promises, its unit, its range and what it throws; or take `public` from what only \(module) uses"
    )
  }

  @Test func theRepositoryIsRead() {
    #expect(Self.declarations.count > 1_000)
  }

  @Test(arguments: [
    "public struct A {}", "  public static func a() -> Int { 1 }", "  package let a: Int",
    "public final class A {", "  @discardableResult public mutating func a() {}",
    "  public private(set) var a = 1",
    "  public init() {}", "  public subscript(name: String) -> Int {", "@MainActor\npublic func a() {}",
    "  public static func + (a: A, b: A) -> A {", "/// A.\n\npublic func a() {}",
    "public protocol A {\n}\npublic protocol B: Sendable {}", "public protocol A {\n  func a()\n}",
    "public nonisolated(nonsending) func a() async {}", "  public class func a() {}",
    "// Not for readers of the module.\npublic enum A {",
  ])
  func aDeclarationWithoutACommentIsNoticed(text: String) {
    let all = Self.declarations(in: text)
    #expect(!all.isEmpty && all.allSatisfy { !$0.isDocumented && $0.module == "A" })
  }

  @Test func aRequirementOfAVisibleProtocolIsSeenAndWhatFollowsIsNot() {
    let text =
      "/// A.\npublic protocol A {\n  func a()\n  /// B.\n  var b: Int { get }\n}\n\nfunc c() {}\nprotocol D {\n  func d()\n}\n"
    let all = Self.declarations(in: text)
    #expect(all.map(\.line) == [2, 3, 5])
    #expect(all.map(\.isDocumented) == [true, false, true])
  }

  @Test(arguments: [
    "struct A {}", "  private let publicName = 1", "  let text = \"public func a()\"", "// public func a()",
    "    case .a: return public", "  case a", "  public enum CodingKeys: String, CodingKey {",
    "  public var description: String {", "  public static func == (a: A, b: A) -> Bool {",
    "  public func hash(into hasher: inout Hasher) {",
    "  public func encode(to encoder: any Encoder) throws {",
    "  public init(from decoder: any Decoder) throws {", "public import Foundation", "extension A: B {",
  ])
  func whatOthersDoNotSeeOrKnowAlreadyIsNotAskedFor(text: String) {
    #expect(Self.declarations(in: text).isEmpty)
  }

  @Test func whatAProtocolPromisesNeedNotBeSaidByEachType() {
    let text =
      "/// A.\npublic protocol A {\n  /// B.\n  var b: Int { get }\n  func c(d: Int)\n}\n\nextension Int: A {\n"
      + "  public var b: Int { 1 }\n  public func c(d: Int) {}\n  public var bee: Int { 1 }\n}\n"
    #expect(Self.declarations(in: text).map(\.line) == [2, 4, 5, 10, 11])
  }

  @Test func moreThanTheFloorMayLackAndTheOthersAreNamed() {
    let text = "/// A.\npublic let a = 1\n  public let b = 1\n"
    let all = Self.declarations(in: text)
    #expect(Self.lacking(all, atLeast: 50) == [])
    #expect(Self.lacking(all, atLeast: 51) == ["Sources/A/B.swift:3: let b = 1"])
  }
}
