// The body of an action: a flat object of texts and numbers, of which nothing may be left over.

import HeightsHTTP

/// What an action was sent with. Each member is taken once; `finish` refuses what nobody took.
struct ActionBody: Decodable {
  private enum Value: Decodable {
    case text(String)
    case number(Int)

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let number = try? value.decode(Int.self) {
        self = .number(number)
      } else {
        self = .text(try value.decode(String.self))
      }
    }
  }

  private var values: [String: Value]
  private var mistakes: [Problem.Field] = []

  init(from decoder: any Decoder) throws {
    values = try decoder.singleValueContainer().decode([String: Value].self)
  }

  /// One of `known`; the empty text after a mistake.
  mutating func choice(_ name: String, of known: [String]) -> String {
    if case .text(let text)? = values.removeValue(forKey: name), known.contains(text) { return text }
    let list = known.isEmpty ? "nothing, for there is none" : known.joined(separator: ", ")
    mistakes.append(.init(name, "Expected one of: \(list)."))
    return ""
  }

  /// As `choice`, and nil when it was not sent.
  mutating func optionalChoice(_ name: String, of known: [String]) -> String? {
    values[name] == nil ? nil : choice(name, of: known)
  }

  /// A whole number in `range`; its lower bound after a mistake.
  mutating func number(_ name: String, in range: ClosedRange<Int>) -> Int {
    if case .number(let number)? = values.removeValue(forKey: name), range.contains(number) { return number }
    mistakes.append(.init(name, "Expected a whole number from \(range.lowerBound) to \(range.upperBound)."))
    return range.lowerBound
  }

  /// One of `known`; nil when it was not sent, or after a mistake.
  mutating func optionalNumber(_ name: String, of known: [Int]) -> Int? {
    guard let value = values.removeValue(forKey: name) else { return nil }
    if case .number(let number) = value, known.contains(number) { return number }
    let list = known.isEmpty ? "nothing, for there is none" : known.map(String.init).joined(separator: ", ")
    mistakes.append(.init(name, "Expected one of: \(list)."))
    return nil
  }

  /// - Throws: `Problem` (422) that names every member which is missing, wrong or unknown.
  mutating func finish() throws {
    mistakes += values.keys.sorted().map { .init($0, "This is not a part of the action.") }
    if !mistakes.isEmpty { throw Problem.invalid(mistakes) }
  }
}
