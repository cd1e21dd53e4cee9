// The nearest name to a mistyped one.

/// Suggestions for mistyped names.
public enum Nearest {
  /// The name that takes the fewest edits from `word`, case ignored; nil when none is near.
  public static func name(to word: String, among names: [String]) -> String? {
    let limit = word.count < 4 ? 1 : max(2, word.count / 3)
    let near = names.map { ($0, distance(word.lowercased(), $0.lowercased())) }.filter { $0.1 <= limit }
    return near.min { $0.1 < $1.1 }?.0
  }

  /// What is told of a name that nothing has.
  static func unknown(_ kind: String, _ name: String, _ known: [String]) -> String {
    let hint = Self.name(to: name, among: known).map { "did you mean \($0)?" }
    return "unknown \(kind) '\(name)'; \(hint ?? "known are \(known.joined(separator: ", "))")"
  }

  /// Edits (insert, delete, replace) between two words. Long words are not compared.
  static func distance(_ left: String, _ right: String) -> Int {
    let (left, right) = (Array(left), Array(right))
    if max(left.count, right.count) > 64 { return 64 }
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, b) in right.enumerated() {
        let replaced = diagonal + (a == b ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[right.count]
  }
}
