// Where a text that is being written has got to: read from the text, so that who never asks pays nothing.

extension JSONWriter {
  /// An object or array that is open.
  private enum Level {
    /// With the name of the member that is being written.
    case object(Range<Int>)
    /// With the number of elements before.
    case array(Int)
  }

  /// The names and indices that lead to what begins at `end`.
  func path(at end: Int) -> [any CodingKey] {
    text.withBytes { bytes in
      Self.levels(in: bytes[..<max(0, min(end, bytes.count))]).map { level in
        switch level {
        case .object(let name): JSONKey(stringValue: Self.name(bytes[name]))
        case .array(let index): JSONKey(intValue: index)
        }
      }
    }
  }

  /// What is open at the end.
  private static func levels(in text: Slice<UnsafeBufferPointer<UInt8>>) -> [Level] {
    var levels: [Level] = []
    var position = text.startIndex
    while position < text.endIndex {
      switch text[position] {
      case UInt8(ascii: "{"): levels.append(.object(position..<position))
      case UInt8(ascii: "["): levels.append(.array(0))
      case UInt8(ascii: "}"), UInt8(ascii: "]"): levels.removeLast()
      case UInt8(ascii: ","):
        if case .array(let index)? = levels.last { levels[levels.count - 1] = .array(index + 1) }
      case UInt8(ascii: "\""):
        let name = quoted(in: text, from: position)
        position = name.upperBound
        if position + 1 < text.endIndex, text[position + 1] == UInt8(ascii: ":") {
          levels[levels.count - 1] = .object(name)
        }
      default: break
      }
      position += 1
    }
    return levels
  }

  /// What is between the quote here and the next one.
  private static func quoted(in text: Slice<UnsafeBufferPointer<UInt8>>, from start: Int) -> Range<Int> {
    var position = start + 1
    while position < text.endIndex, text[position] != UInt8(ascii: "\"") {
      position += text[position] == UInt8(ascii: "\\") ? 2 : 1
    }
    return start + 1..<min(position, text.endIndex)
  }

  private static func name(_ escaped: Slice<UnsafeBufferPointer<UInt8>>) -> String {
    let quoted = [UInt8(ascii: "\"")] + escaped + [UInt8(ascii: "\"")]
    return (try? JSON.decode(String.self, from: quoted)) ?? ""
  }
}
