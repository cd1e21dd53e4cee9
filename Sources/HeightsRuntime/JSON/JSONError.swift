// What is wrong with a JSON text, or with a value that should become one.

/// Where something is wrong, what was expected there and what was found instead.
///
/// Within `init(from:)` and `encode(to:)` it is thrown as the `DecodingError` or `EncodingError` that Codable promises, so
/// that a type that tries one form after the other can catch it; `JSON.decode` and `JSON.encode` throw this alone.
public struct JSONError: Error, Equatable, Sendable {
  /// What kind of mistake it is.
  public enum Kind: Sendable {
    /// The text is not JSON.
    case malformed
    /// An object lacks a name that is asked for.
    case missing
    /// There is a value, but not such a one.
    case mismatch
    /// The type's own code didn't take the value: what it said is in `found`.
    case refused
    /// JSON can't say such a value.
    case unwritable
  }

  /// What kind of mistake it is.
  public let kind: Kind
  /// Where in the value: `posts[3].author`; empty for the whole.
  public let path: String
  /// In words that follow "expected": `a whole number from 0 to 255`.
  public let expected: String
  /// In words that follow "found": `a number`, `300`. Long numbers and names are cut short.
  public let found: String
  /// Bytes before it in the text; nil where there is no text.
  public let offset: Int?

  init(
    _ kind: Kind, at path: [any CodingKey] = [], expected: String, found: String, offset: Int? = nil
  ) {
    self.kind = kind
    self.path = path.joined
    self.expected = expected
    self.found = found
    self.offset = offset
  }
}

extension JSONError: CustomStringConvertible {
  /// `posts[3].author: expected text, found a number (at byte 120)`.
  public var description: String {
    let place = path.isEmpty ? "" : path + ": "
    if kind == .refused { return place + found }
    return "\(place)expected \(expected), found \(found)" + (offset.map { " (at byte \($0))" } ?? "")
  }
}

extension JSONError {
  /// What was thrown within `init(from:)`: by us, which says all, or by the type.
  init(_ error: DecodingError) {
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
      self = Self.told(context.underlyingError, context.codingPath, context.debugDescription)
    case .keyNotFound(let key, let context):
      self = Self.told(context.underlyingError, context.codingPath + [key], context.debugDescription)
    @unknown default: self = Self.told(nil, [], "\(error)")
    }
  }

  /// What was thrown within `encode(to:)`: by us, which says all, or by the type.
  init(_ error: EncodingError) {
    switch error {
    case .invalidValue(_, let context):
      self = Self.told(context.underlyingError, context.codingPath, context.debugDescription)
    @unknown default: self = Self.told(nil, [], "\(error)")
    }
  }

  /// What a type says often has the value in it, which may be long.
  private static let shownLength = 200

  private static func told(_ ours: (any Error)?, _ path: [any CodingKey], _ said: String) -> JSONError {
    if let ours = ours as? JSONError { return ours }
    let found = said.count > shownLength ? said.prefix(shownLength) + "…" : said[...]
    return JSONError(.refused, at: path, expected: "what the type takes", found: String(found))
  }
}

/// A name or an index of a path.
struct JSONKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
  init(intValue: Int) { (stringValue, self.intValue) = ("Index \(intValue)", intValue) }

  /// What `superEncoder()` and `superDecoder()` go by.
  static let parent = JSONKey(stringValue: "super")
}

extension [any CodingKey] {
  /// Who sends a text chooses its names: they are shown up to here.
  private static var shownLength: Int { 64 }

  /// `posts[3].author`.
  fileprivate var joined: String {
    var text = ""
    for key in self {
      // Keys of a dictionary of numbers have a number too, and are names.
      if let index = key.intValue, key.stringValue == "Index \(index)" {
        text += "[\(index)]"
      } else {
        let name = key.stringValue
        text += (text.isEmpty ? "" : ".") + name.prefix(Self.shownLength)
        if name.count > Self.shownLength { text += "…" }
      }
    }
    return text
  }
}
