// Functions that SQLite is given, or given anew, so that they answer as PostgreSQL's do.

import CSQLite
import Glibc

/// What is registered on every connection, those that move rows among them: indexes are made with these.
enum SQLiteFunctions {
  /// Those that an index may have been made with when they were SQLite's own.
  static let changed: Set<String> = ["like", "lower", "round", "substr", "substring", "upper"]

  static func register(on connection: OpaquePointer) throws {
    try add("lower", 1, to: connection) { context, values in
      answer(context, values) { try changedCase($0, heights_lower) }
    }
    try add("upper", 1, to: connection) { context, values in
      answer(context, values) { try changedCase($0, heights_upper) }
    }
    for count in [2, 3] {
      try add("like", count, to: connection) { context, values in answer(context, values, like) }
      for name in ["substr", "substring"] {
        try add(name, count, to: connection) { context, values in answer(context, values, part) }
      }
    }
    try add("length", 1, to: connection) { context, values in answer(context, values, length) }
    try add("round", 1, to: connection) { context, values in answer(context, values, round) }
    try add("strpos", 2, to: connection) { context, values in answer(context, values, place) }
    try add("greatest", -1, to: connection) { context, values in extreme(context, values) { try $0 > $1 } }
    try add("least", -1, to: connection) { context, values in extreme(context, values) { try $0 < $1 } }
  }

  // MARK: Texts

  /// Letter by letter, as the C library of PostgreSQL's server does in C.UTF-8: no letter becomes two.
  private static func changedCase(
    _ values: [Value], _ change: (UInt32, locale_t?) -> UInt32
  ) throws -> Value {
    let text = String(decoding: try values[0].text("lower and upper take"), as: UTF8.self)
    var changed = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      changed.append(Unicode.Scalar(change(scalar.value, utf8.locale)) ?? scalar)
    }
    return .text(Array(String(changed).utf8))
  }

  /// `@unchecked Sendable` is sound: a locale is never changed, and never freed.
  private struct Locale: @unchecked Sendable {
    let locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", nil)
  }
  private static let utf8 = Locale()

  /// `text LIKE pattern`: the pattern comes first. Letters count with their case, and a backslash takes the meaning from what
  /// follows it.
  private static func like(_ values: [Value]) throws -> Value {
    let pattern = try values[0].text("LIKE compares")
    let text = try values[1].text("LIKE compares")
    let mark = values.count > 2 ? try values[2].text("ESCAPE takes") : Array("\\".utf8)
    guard mark.count <= 1 else { throw Refusal("ESCAPE takes one sign of ASCII, or none") }
    return .whole(try LikePattern(pattern, escape: mark.first).matches(text) ? 1 : 0)
  }

  private static func length(_ values: [Value]) throws -> Value {
    if case .bytes(let bytes) = values[0] { return .whole(Int64(bytes.count)) }
    let text = try values[0].text("length takes")
    return .whole(Int64(String(decoding: text, as: UTF8.self).unicodeScalars.count))
  }

  /// From a place on, which counts from 1: what lies before the beginning is not there.
  private static func part(_ values: [Value]) throws -> Value {
    let start = try values[1].whole("substr counts in")
    var end = Int64.max
    if values.count > 2 {
      let count = try values[2].whole("substr counts in")
      if count < 0 { throw Refusal("substr of less than nothing") }
      end = start.addingReportingOverflow(count).overflow ? .max : start + count
    }
    func range(_ count: Int) -> Range<Int> {
      let last = Int(min(end, Int64(count) + 1))
      return Int(min(max(start, 1), Int64(max(last, 1)))) - 1..<max(last, 1) - 1
    }
    if case .bytes(let bytes) = values[0] { return .bytes(Array(bytes[range(bytes.count)])) }
    let scalars = Array(String(decoding: try values[0].text("substr takes"), as: UTF8.self).unicodeScalars)
    var part = String.UnicodeScalarView()
    part.append(contentsOf: scalars[range(scalars.count)])
    return .text(Array(String(part).utf8))
  }

  /// Where the second begins in the first, from 1; 0 for nowhere.
  private static func place(_ values: [Value]) throws -> Value {
    let text = try values[0].text("strpos takes")
    let wanted = try values[1].text("strpos takes")
    guard wanted.count <= text.count else { return .whole(0) }
    for start in 0...(text.count - wanted.count) where text[start...].starts(with: wanted) {
      return .whole(Int64(String(decoding: text[..<start], as: UTF8.self).unicodeScalars.count + 1))
    }
    return .whole(0)
  }

  // MARK: Numbers

  /// A half goes to the even number.
  private static func round(_ values: [Value]) throws -> Value {
    .real(rint(try values[0].real("round takes")))
  }

  /// NULL counts for nothing.
  private static func extreme(
    _ context: OpaquePointer?, _ values: [Value], _ isBetter: (Value, Value) throws -> Bool
  ) {
    finish(context) {
      var best = Value.null
      for value in values where !value.isNull {
        if best.isNull { best = value } else if try isBetter(value, best) { best = value }
      }
      return best
    }
  }

  // MARK: To and from SQLite

  struct Refusal: Error {
    let message: String
    init(_ message: String) { self.message = message }
  }

  enum Value {
    case null
    case whole(Int64)
    case real(Double)
    case text([UInt8])
    case bytes([UInt8])

    var isNull: Bool { if case .null = self { true } else { false } }

    func text(_ verb: String) throws -> [UInt8] {
      guard case .text(let bytes) = self else { throw Refusal("\(verb) texts alone") }
      return bytes
    }

    func whole(_ verb: String) throws -> Int64 {
      guard case .whole(let number) = self else { throw Refusal("\(verb) whole numbers alone") }
      return number
    }

    func real(_ verb: String) throws -> Double {
      switch self {
      case .whole(let number): return Double(number)
      case .real(let number): return number
      default: throw Refusal("\(verb) numbers alone")
      }
    }

    static func > (one: Value, other: Value) throws -> Bool { try other < one }

    static func < (one: Value, other: Value) throws -> Bool {
      switch (one, other) {
      case (.whole(let one), .whole(let other)): return one < other
      case (.text(let one), .text(let other)), (.bytes(let one), .bytes(let other)):
        return one.lexicographicallyPrecedes(other)
      default:
        return try one.real("greatest and least compare texts with texts, or")
          < other.real("greatest and least compare texts with texts, or")
      }
    }

    init(_ value: OpaquePointer?) {
      func bytes(_ start: UnsafeRawPointer?) -> [UInt8] {
        let count = Int(sqlite3_value_bytes(value))
        return [UInt8](UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
      }
      switch sqlite3_value_type(value) {
      case SQLITE_INTEGER: self = .whole(sqlite3_value_int64(value))
      case SQLITE_FLOAT: self = .real(sqlite3_value_double(value))
      case SQLITE_TEXT: self = .text(bytes(sqlite3_value_text(value)))
      case SQLITE_BLOB: self = .bytes(bytes(sqlite3_value_blob(value)))
      default: self = .null
      }
    }

    func give(to context: OpaquePointer?) {
      switch self {
      case .null: sqlite3_result_null(context)
      case .whole(let number): sqlite3_result_int64(context, number)
      case .real(let number): sqlite3_result_double(context, number)
      case .text(let bytes):
        bytes.withUnsafeBytes { heights_result_text(context, $0.baseAddress, UInt64($0.count)) }
      case .bytes(let bytes):
        bytes.withUnsafeBytes { heights_result_blob(context, $0.baseAddress, UInt64($0.count)) }
      }
    }
  }

  private typealias Body =
    @convention(c) (OpaquePointer?, Int32, UnsafeMutablePointer<OpaquePointer?>?) -> Void

  /// NULL for NULL, as all functions but a few do.
  private static func answer(
    _ context: OpaquePointer?, _ values: [Value], _ body: ([Value]) throws -> Value
  ) {
    if values.contains(where: \.isNull) { return sqlite3_result_null(context) }
    finish(context) { try body(values) }
  }

  private static func finish(_ context: OpaquePointer?, _ body: () throws -> Value) {
    do { try body().give(to: context) } catch {
      sqlite3_result_error(context, (error as? Refusal)?.message ?? "\(error)", -1)
    }
  }

  private static func add(
    _ name: String, _ count: Int, to connection: OpaquePointer,
    _ body: @escaping (OpaquePointer?, [Value]) -> Void
  ) throws {
    let flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS
    let code = sqlite3_create_function_v2(
      connection, name, Int32(count), flags, Unmanaged.passRetained(Box(body)).toOpaque(),
      { context, count, values in
        guard let box = sqlite3_user_data(context) else { return }
        let values = (0..<Int(count)).map { Value(values?[$0]) }
        Unmanaged<Box>.fromOpaque(box).takeUnretainedValue().body(context, values)
      }, nil, nil, { box in if let box { Unmanaged<Box>.fromOpaque(box).release() } })
    guard code == SQLITE_OK else { throw SQLiteConnection.error(connection, code, name) }
  }

  private final class Box {
    let body: (OpaquePointer?, [Value]) -> Void
    init(_ body: @escaping (OpaquePointer?, [Value]) -> Void) { self.body = body }
  }
}

/// What LIKE compares with.
private struct LikePattern {
  private enum Part: Equatable {
    case byte(UInt8)
    /// `_`
    case letter
    /// `%`
    case anything
  }

  private let parts: [Part]

  init(_ pattern: [UInt8], escape: UInt8?) throws {
    var (parts, place): ([Part], Int) = ([], 0)
    while place < pattern.count {
      switch pattern[place] {
      case escape:
        place += 1
        guard place < pattern.count else {
          throw SQLiteFunctions.Refusal(
            "a pattern of LIKE ends with the sign that takes the meaning from another")
        }
        parts.append(.byte(pattern[place]))
      case UInt8(ascii: "%"): if parts.last != .anything { parts.append(.anything) }
      case UInt8(ascii: "_"): parts.append(.letter)
      case let byte: parts.append(.byte(byte))
      }
      place += 1
    }
    self.parts = parts
  }

  /// In time of their lengths' product at most: only the last `%` is ever tried again.
  func matches(_ text: [UInt8]) -> Bool {
    var (place, part) = (0, 0)
    var again: (place: Int, part: Int)?
    while place < text.count {
      if part < parts.count, parts[part] == .anything {
        again = (place, part + 1)
        part += 1
      } else if part < parts.count, parts[part] == .byte(text[place]) {
        (place, part) = (place + 1, part + 1)
      } else if part < parts.count, parts[part] == .letter {
        (place, part) = (Self.next(place, text), part + 1)
      } else if let last = again {
        again = (Self.next(last.place, text), last.part)
        (place, part) = (Self.next(last.place, text), last.part)
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { $0 == .anything }
  }

  /// Where the letter behind the one at `place` begins.
  private static func next(_ place: Int, _ text: [UInt8]) -> Int {
    var next = place + 1
    while next < text.count, text[next] & 0xc0 == 0x80 { next += 1 }
    return next
  }
}
