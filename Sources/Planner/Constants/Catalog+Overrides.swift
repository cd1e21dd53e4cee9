// Other values for constants, from a file of the user's: own prices, own measurements.

import Foundation

/// Values in objects within each other, as JSON has them.
private indirect enum Tree: Decodable {
  case number(Double)
  case object([String: Tree])
  /// What it is instead.
  case other(String)

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let members = try? container.decode([String: Tree].self) {
      self = .object(members)
    } else if let flag = try? container.decode(Bool.self) {
      self = .other("\(flag)")
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .other("'\(text)'")
    } else {
      self = .other(container.decodeNil() ? "null" : "a list")
    }
  }
}

extension Catalog {
  /// The same catalog with the values of a file: `{"prices": {"ebs": {"perGBMonth": 0.07}}}`, with the paths of the
  /// files in `Sources/Planner/Catalog`. The values that it gives name it as their source.
  /// - Throws: `CatalogError` with every mistake by its path.
  public func overridden(by json: Data, named file: String) throws(CatalogError) -> Catalog {
    let tree: Tree
    do {
      tree = try JSONDecoder().decode(Tree.self, from: json)
    } catch {
      throw CatalogError(problems: ["\(file): is not JSON"])
    }
    guard case .object(let members) = tree else {
      throw CatalogError(problems: ["\(file): expected an object such as {\"prices\": {\"ebs\": {…}}}"])
    }
    var reading = Overrides(catalog: self)
    reading.read(members, at: "")
    if !reading.problems.isEmpty {
      throw CatalogError(problems: reading.problems.sorted().map { "\($0) (\(file))" })
    }
    return try replacing(reading.values, source: file)
  }
}

/// Goes through a tree and checks each value.
private struct Overrides {
  let catalog: Catalog
  private(set) var values: [String: Double] = [:]
  private(set) var problems: [String] = []

  init(catalog: Catalog) { self.catalog = catalog }

  mutating func read(_ members: [String: Tree], at parent: String) {
    for (name, tree) in members {
      let path = parent.isEmpty ? name : "\(parent)/\(name)"
      if let constant = catalog.constants[path] {
        take(tree, at: path, constant)
      } else if case .object(let members) = tree, isGroup(path) {
        read(members, at: path)
      } else if isGroup(path) {
        problems.append("\(path): expected an object with \(children(of: path))")
      } else {
        problems.append("\(path): no such constant; there are \(children(of: parent))")
      }
    }
  }

  private mutating func take(_ tree: Tree, at path: String, _ constant: Constant) {
    switch tree {
    case .number(let value):
      if let problem = constant.problem(with: value, at: path) {
        problems.append("\(path): expected \(problem), found \(Figures.plain(value))")
      } else {
        values[path] = value
      }
    case .object: problems.append("\(path): expected a number (\(constant.unit)), found an object")
    case .other(let text): problems.append("\(path): expected a number (\(constant.unit)), found \(text)")
    }
  }

  private func isGroup(_ path: String) -> Bool {
    catalog.constants.keys.contains { $0.hasPrefix(path + "/") }
  }

  private func children(of path: String) -> String {
    let prefix = path.isEmpty ? "" : path + "/"
    let names = catalog.constants.keys.filter { $0.hasPrefix(prefix) }.map {
      String($0.dropFirst(prefix.count).prefix { $0 != "/" })
    }
    let all = Set(names).sorted()
    return all.prefix(12).joined(separator: ", ") + (all.count > 12 ? ", …" : "")
  }
}

extension Constant {
  /// What is expected where `value` can't be; nil when it can.
  fileprivate func problem(with value: Double, at path: String) -> String? {
    if !value.isFinite || value < 0 || value > 1e9 { return "a number from 0 to 1,000,000,000 (\(unit))" }
    if unit == "vCPU" {
      return (1...1024).contains(value) && value == value.rounded() ? nil : "1 to 1,024 vCPUs"
    }
    if unit.hasPrefix("share"), value > 1 { return "a share from 0 to 1" }
    let mayBeNothing =
      unit.hasPrefix("USD") || path.hasPrefix("availability/") || path.hasPrefix("workload/")
      || path.hasPrefix("prices/") || path.hasPrefix("needs/")
    return value > 0 || (mayBeNothing && !path.hasPrefix("workload/users/"))
      ? nil : "a number above 0 (\(unit))"
  }
}

extension Catalog {
  /// The same catalog with another value for a constant that the user gives by an option.
  /// - Throws: `CatalogError` when the value can't be.
  public func setting(_ key: Key, to value: Double, source: String) throws(CatalogError) -> Catalog {
    if let problem = self[key].problem(with: value, at: key.rawValue) {
      throw CatalogError(problems: ["\(source): expected \(problem), found \(Figures.plain(value))"])
    }
    return try replacing([key.rawValue: value], source: source)
  }
}
