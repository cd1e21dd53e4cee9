// A JSON5 document that remembers the line of everything in it.

/// A value of a JSON5 document and the line where it begins.
struct JSON5Node: Equatable {
  struct Member: Equatable {
    let key: String
    let line: Int
    let node: JSON5Node
  }

  indirect enum Value: Equatable {
    case object([Member])
    case array([JSON5Node])
    case string(String)
    case number(Double)
    case bool(Bool)
    case null
  }

  let line: Int
  let value: Value

  /// The value as an error message shows it: short, on one line.
  var summary: String {
    switch value {
    case .object: "an object"
    case .array: "a list"
    case .string(let text): "'\(text.count > 40 ? text.prefix(37) + "…" : text[...])'"
    case .number(let number): Int(exactly: number).map(String.init) ?? String(number)
    case .bool(let bool): String(bool)
    case .null: "null"
    }
  }
}

/// Why a text is not JSON5, and where.
struct JSON5Error: Error, Equatable {
  let line: Int
  let message: String
}
