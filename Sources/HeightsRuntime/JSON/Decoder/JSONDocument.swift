// A text that has been read: its values by the tokens that they begin with.

/// A text and its tokens, for as long as somebody decodes from them.
///
/// Used by whoever decodes, one call at a time: it remembers where members and elements were found.
final class JSONDocument {
  let source: JSONSource
  let tokens: JSONTokens
  /// How far `path` has looked at each depth: many errors in a row, each at the next element, don't each begin anew.
  private var lookedAt: [(container: Int, child: Int, index: Int)] = []

  /// - Throws: `JSONError` when the text isn't JSON.
  init(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
    var tokenizer = try JSONTokenizer(bytes)
    try tokenizer.tokenize()
    source = tokenizer.source
    tokens = tokenizer.tokens
  }

  /// Any value, by what its type makes of it.
  func value<Value: Decodable>(_ type: Value.Type, at index: Int) throws -> Value {
    try Value(from: JSONDecoding(document: self, index: index))
  }

  /// The token of a member's value; nil if the object has no such name. Looks from where the last one was found, so that
  /// members that are asked for in order take one look each.
  func member(_ name: String, of object: Int) -> Int? {
    var name = name
    return name.withUTF8 { name in
      let (token, first) = (tokens[object], object + 1)
      let (start, end) = (Int(token.extent), Int(token.next))
      return look(for: name, in: object, start, end) ?? look(for: name, in: object, first, start)
    }
  }

  @inline(__always)
  private func look(
    for name: UnsafeBufferPointer<UInt8>, in object: Int, _ start: Int, _ end: Int
  ) -> Int? {
    var index = start
    while index < end {
      let next = tokens[index + 1].next
      if source.isText(tokens[index], name) {
        tokens.look(in: object, from: next)
        return index + 1
      }
      index = Int(next)
    }
    return nil
  }

  /// The names of an object, each once.
  func names(of object: Int) -> [String] {
    var names: [String] = []
    var index = object + 1
    while index < Int(tokens[object].next) {
      if tokens[index].kind == .text { names.append(text(tokens[index])) }
      index = Int(tokens[index + 1].next)
    }
    return names
  }
}

/// Where a value is.
extension JSONDocument {
  /// What leads to the value of a token.
  func path(to target: Int) -> [any CodingKey] {
    var path: [any CodingKey] = []
    var container = 0
    while container < target {
      let (child, index) = child(of: container, at: path.count, with: target)
      if tokens[container].kind == .array {
        path.append(JSONKey(intValue: index))
      } else {
        path.append(JSONKey(stringValue: text(tokens[child - 1])))
      }
      container = child
    }
    return path
  }

  /// The value in a container that has the target in it, and how many are before it.
  private func child(of container: Int, at depth: Int, with target: Int) -> (child: Int, index: Int) {
    let step = tokens[container].kind == .object ? 1 : 0
    var (child, index) = (container + 1 + step, 0)
    if depth < lookedAt.count, lookedAt[depth].container == container, lookedAt[depth].child <= target {
      (child, index) = (lookedAt[depth].child, lookedAt[depth].index)
    }
    while Int(tokens[child].next) <= target {
      child = Int(tokens[child].next) + step
      index += 1
    }
    if depth == lookedAt.count { lookedAt.append((container, child, index)) }
    lookedAt[depth] = (container, child, index)
    return (child, index)
  }
}
