// HTML by hand: text that is escaped, and the few elements that a page of figures needs.

/// Pieces of HTML.
enum Markup {
  /// Text, as it may stand between tags and in attributes.
  static func text(_ text: String) -> String {
    var escaped = ""
    for character in text {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      default: escaped.append(character)
      }
    }
    return escaped
  }

  /// A table whose columns of figures are those in `numbers`. Cells are text.
  static func table(_ headings: [String], _ rows: [[String]], numbers: Set<Int> = [], wraps: Set<Int> = [])
    -> String
  {
    func style(_ column: Int) -> String {
      numbers.contains(column) ? " class=\"number\"" : wraps.contains(column) ? " class=\"wrap\"" : ""
    }
    let head = headings.enumerated().map { "<th scope=\"col\"\(style($0.offset))>\(text($0.element))</th>" }
      .joined()
    let body = rows.map { row in
      "<tr>" + row.enumerated().map { "<td\(style($0.offset))>\(text($0.element))</td>" }.joined() + "</tr>"
    }.joined(separator: "\n")
    return
      "<div class=\"scroll\"><table><thead><tr>\(head)</tr></thead>\n<tbody>\n\(body)\n</tbody></table></div>"
  }

  /// A bar under its name and figure. `share` of the full width is filled, `mark` is where a limit stands.
  static func bar(_ name: String, _ figure: String, share: Double, mark: Double? = nil, style: String = "")
    -> String
  {
    let width = max(0, min(1, share)) * 1000
    let line =
      mark.map { "<line class=\"mark\" x1=\"\($0 * 1000)\" x2=\"\($0 * 1000)\" y1=\"0\" y2=\"12\"/>" } ?? ""
    return """
      <div class="bar"><p><span>\(text(name))</span><span>\(text(figure))</span></p>
      <svg viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">\
      <rect class="track" width="1000" height="12"/>\
      <rect class="fill \(style)" width="\(number(max(width, share > 0 ? 3 : 0)))" height="12"/>\(line)</svg></div>
      """
  }

  /// A coordinate with as many digits as can be seen.
  static func number(_ value: Double) -> String {
    let rounded = (value * 10).rounded() / 10
    return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
  }
}
