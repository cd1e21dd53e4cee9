// Columns for a terminal.

enum Table {
  /// Rows under headings, each column as wide as its widest cell. Cells have no colours: those would count as width.
  static func text(_ headings: [String], _ rows: [[String]]) -> String {
    let widths = headings.indices.map { column in
      ([headings] + rows).map { $0[column].count }.max() ?? 0
    }
    return ([headings] + rows).map { row in
      var line = ""
      for (cell, width) in zip(row, widths) {
        line += cell + String(repeating: " ", count: width - cell.count + 2)
      }
      return String(line[..<(line.lastIndex { $0 != " " }.map { line.index(after: $0) } ?? line.startIndex)])
    }.joined(separator: "\n")
  }

  /// Names on the left, what they are on the right.
  static func pairs(_ pairs: [(name: String, text: String)]) -> String {
    let width = pairs.map(\.name.count).max() ?? 0
    return pairs.map { "  \($0.name)\(String(repeating: " ", count: width - $0.name.count + 2))\($0.text)" }
      .joined(separator: "\n")
  }
}
