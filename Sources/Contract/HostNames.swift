// By which names an app may be asked for on the machine of whoever builds it.

/// The names that an app answers to besides addresses and `localhost`.
///
/// A page of somebody else's can make its own name lead to this machine (DNS rebinding), and the browser then takes the app
/// for a part of that page. Such a request carries the page's name in `Host`. An address leads nowhere else, and
/// `localhost` is this machine for every browser.
public struct HostNames: Equatable, Sendable {
  /// In lower case; one that begins with a dot stands for a domain and all its subdomains.
  public private(set) var names: [String]

  /// No name but localhost.
  public static let none = HostNames()

  private init() { names = [] }

  /// - Returns: nil when one of them is no name: labels of letters, digits, dashes and underscores with dots between them, and
  ///   perhaps one dot before them.
  public init?(_ names: [String]) {
    let names = names.map { $0.lowercased() }
    guard names.allSatisfy(Self.isName) else { return nil }
    self.names = names
  }

  /// Those of both.
  public func adding(_ others: HostNames) -> HostNames {
    var sum = self
    sum.names += others.names
    return sum
  }

  /// Reads names with commas between them, as `AppVariable.hostNames` has them.
  public init?(text: String) { self.init(text.split(separator: ",").map(String.init)) }

  /// As `AppVariable.hostNames` has them: with commas between them.
  public var text: String { names.joined(separator: ",") }

  /// Whether a `Host` header asks for one of them, with whatever port: a tunnel may have another one.
  public func allow(_ host: String) -> Bool {
    guard let name = Self.name(in: host.lowercased()) else { return false }
    if name.hasPrefix("[") { return Self.isIPv6Address(name) }
    guard Self.labels(of: name[...]).allSatisfy(Self.isLabel) else { return false }
    return Self.isIPv4Address(name) || name == "localhost" || name.hasSuffix(".localhost")
      || names.contains { $0.hasPrefix(".") ? name == $0.dropFirst() || name.hasSuffix($0) : name == $0 }
  }

  /// The same as a regular expression (PCRE) for the whole header, whatever the case of its letters. There is no backslash and
  /// no quotation mark in it, which each configuration would read in its own way.
  public var pattern: String {
    let subdomains = "(\(Self.label)[.])*"
    let others = names.map { name in
      let literal = name.drop { $0 == "." }.replacing(".", with: "[.]")
      return name.hasPrefix(".") ? subdomains + literal : literal
    }
    let all = ["[0-9]{1,3}([.][0-9]{1,3}){3}", "\(subdomains)localhost"] + others
    return "^((\(all.joined(separator: "|")))[.]?|[[][0-9a-f:.]+[]])(:[0-9]{1,5})?$"
  }

  private static let label = "[a-z0-9_-]+"

  private static func isName(_ text: String) -> Bool {
    let name = text.drop { $0 == "." }
    return text.count - name.count <= 1 && text.utf8.count <= 253 && labels(of: name).allSatisfy(isLabel)
  }

  private static func labels(of name: Substring) -> [Substring] {
    name.split(separator: ".", omittingEmptySubsequences: false)
  }

  private static func isLabel(_ text: Substring) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (97...122).contains($0) || isDigit($0) || $0 == 45 || $0 == 95 }
  }

  private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

  /// Without the port, and the dot that may end a name.
  private static func name(in host: String) -> String? {
    let end =
      host.hasPrefix("[")
      ? host.firstIndex(of: "]").map { host.index(after: $0) } ?? host.endIndex
      : host.firstIndex(of: ":") ?? host.endIndex
    let port = host[end...]
    let isPort =
      port.isEmpty
      || port.first == ":" && (2...6).contains(port.utf8.count) && port.dropFirst().utf8.allSatisfy(isDigit)
    let name = host[..<end]
    return isPort ? String(name.hasSuffix(".") ? name.dropLast() : name) : nil
  }

  private static func isIPv4Address(_ name: String) -> Bool {
    let parts = labels(of: name[...])
    return parts.count == 4
      && parts.allSatisfy { (1...3).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) }
  }

  /// In brackets, as `Host` has it.
  private static func isIPv6Address(_ name: String) -> Bool {
    let inner = name.dropFirst().dropLast()
    return name.hasSuffix("]") && !inner.isEmpty
      && inner.utf8.allSatisfy { isDigit($0) || (97...102).contains($0) || $0 == 58 || $0 == 46 }
  }
}
