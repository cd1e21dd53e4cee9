// The files of Sources/Planner/Catalog as they are written: constants by group and name, and tables of them.

import Foundation

/// Where figures come from: a short name in the files stands for these words.
struct CitedSource: Decodable {
  let text: String
  let asOf: String
}

/// A constant as it is written: its source by name.
struct WrittenConstant: Decodable {
  let value: Double
  let unit: String
  let source: String
  let estimate: Bool?
}

/// Rows of figures with the same units: `{"columns": {"vCPU": {"unit", "source"}}, "rows": {"t4g.micro": {"vCPU": 2}}}`.
struct WrittenTable: Decodable {
  struct Column: Decodable {
    let unit: String
    let source: String
  }

  /// A plain number with the column's source, or one with a source of its own.
  struct Cell: Decodable {
    private struct Full: Decodable {
      let value: Double
      let source: String?
      let estimate: Bool?
    }

    let value: Double
    let source: String?
    let isEstimate: Bool

    init(from decoder: any Decoder) throws {
      if let value = try? decoder.singleValueContainer().decode(Double.self) {
        (self.value, source, isEstimate) = (value, nil, false)
      } else {
        let full = try Full(from: decoder)
        (value, source, isEstimate) = (full.value, full.source, full.estimate ?? false)
      }
    }
  }

  let columns: [String: Column]
  let rows: [String: [String: Cell]]
}

/// Takes the files apart into constants by path, such as `prices/ebs/perGBMonth`.
struct CatalogReader {
  private let sources: [String: CitedSource]
  private(set) var constants: [String: Constant] = [:]
  private(set) var problems: [String] = []

  init(sources: [UInt8]) throws {
    self.sources = try Self.decode([String: CitedSource].self, sources)
  }

  static func decode<T: Decodable>(_ type: T.Type, _ bytes: [UInt8]) throws -> T {
    try JSONDecoder().decode(type, from: Data(bytes))
  }

  mutating func readConstants(_ name: String, _ bytes: [UInt8]) throws {
    for (group, members) in try Self.decode([String: [String: WrittenConstant]].self, bytes) {
      for (member, written) in members {
        let path = "\(name)/\(group)/\(member)"
        add(path, written.value, written.unit, written.source, written.estimate ?? false)
      }
    }
  }

  mutating func readTables(_ name: String, _ bytes: [UInt8]) throws {
    for (title, table) in try Self.decode([String: WrittenTable].self, bytes) {
      for (row, cells) in table.rows {
        if cells.count != table.columns.count { problems.append("\(name)/\(title)/\(row): lacks a column") }
        for (column, cell) in cells {
          let path = "\(name)/\(title)/\(row)/\(column)"
          guard let known = table.columns[column] else {
            problems.append("\(path): no such column")
            continue
          }
          add(path, cell.value, known.unit, cell.source ?? known.source, cell.isEstimate)
        }
      }
    }
  }

  private mutating func add(
    _ path: String, _ value: Double, _ unit: String, _ source: String, _ isEstimate: Bool
  ) {
    guard let cited = sources[source] else {
      problems.append("\(path): no such source '\(source)'")
      return
    }
    constants[path] = Constant(
      value: value, unit: unit, source: cited.text, asOf: cited.asOf, isEstimate: isEstimate)
  }
}
