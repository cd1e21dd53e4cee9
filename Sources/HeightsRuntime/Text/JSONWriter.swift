// JSON for answers, written as UTF-8 straight into a buffer: an encoder by reflection takes ten times as long.

/// Something that has a JSON form.
public protocol JSONWritable {
  /// Writes exactly one value.
  func write(to json: inout JSONWriter)
}

/// Writes JSON (RFC 8259). Commas and escapes are its business; keys are the caller's.
public struct JSONWriter: ~Copyable {
  private(set) var text: ByteBuffer
  private var needsComma = false

  /// - Parameter capacity: bytes that there is room for at first.
  public init(capacity: Int = 512) { text = ByteBuffer(capacity: capacity) }

  /// What has been written.
  public var bytes: [UInt8] { text.bytes }

  /// The JSON text of `value`.
  public static func bytes(of value: some JSONWritable, capacity: Int = 512) -> [UInt8] {
    var json = JSONWriter(capacity: capacity)
    value.write(to: &json)
    return json.bytes
  }

  /// One object; `members` writes what is in it, each name once.
  public mutating func object(_ members: (inout JSONWriter) -> Void) {
    beginObject()
    members(&self)
    endObject()
  }

  /// One array; `write` is called for each element, and writes exactly one value.
  public mutating func array<Elements: Sequence>(
    _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
  ) {
    beginArray()
    for element in elements { write(&self, element) }
    endArray()
  }

  /// One member of an object. `nil` is written as `null`.
  public mutating func member(_ name: StaticString, _ value: (some JSONWritable)?) {
    key(name)
    if let value { value.write(to: &self) } else { null() }
  }

  // The commonest values by themselves: what is generic looks up its type at each call.

  /// A text, escaped where JSON asks for it.
  public mutating func member(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }

  /// A whole number.
  public mutating func member(_ name: StaticString, _ value: Int) {
    key(name)
    integer(value)
  }

  /// A whole number. JavaScript reads those beyond 2^53 imprecisely: send identifiers as text.
  public mutating func member(_ name: StaticString, _ value: Int64) {
    key(name)
    integer(value)
  }

  /// `true` or `false`.
  public mutating func member(_ name: StaticString, _ value: Bool) {
    key(name)
    bool(value)
  }

  /// An object within the object.
  public mutating func member(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
    key(name)
    object(members)
  }

  /// An array within the object.
  public mutating func member<Elements: Sequence>(_ name: StaticString, array elements: Elements)
  where Elements.Element: JSONWritable {
    key(name)
    array(elements) { $1.write(to: &$0) }
  }

  /// A member of 32 hexadecimal digits.
  mutating func member(_ name: StaticString, hexadecimal high: UInt64, _ low: UInt64) {
    key(name)
    separate()
    text.append(UInt8(ascii: "\""))
    text.append(hexadecimal: high)
    text.append(hexadecimal: low)
    text.append(UInt8(ascii: "\""))
  }

  /// Inserts text that is JSON already.
  public mutating func member(_ name: StaticString, json value: [UInt8]) {
    key(name)
    raw(value)
  }

  /// One value that is JSON already.
  public mutating func raw(_ value: [UInt8]) {
    separate()
    text.append(value)
  }

  /// The value `null`.
  public mutating func null() {
    separate()
    text.append(fixed: "null")
  }

  /// The value `true` or `false`.
  public mutating func bool(_ value: Bool) {
    separate()
    text.append(fixed: value ? "true" : "false")
  }

  /// A whole number.
  public mutating func integer(_ value: some FixedWidthInteger) {
    separate()
    text.append(anyDecimal: value)
  }

  /// A finite number as the shortest text that reads back the same; `null` for the others, which JSON lacks.
  public mutating func number(_ value: some BinaryFloatingPoint & CustomStringConvertible) {
    separate()
    if value.isFinite { text.append(value.description) } else { text.append("null") }
  }

  /// A text, escaped where JSON asks for it.
  public mutating func string(_ value: String) {
    var value = value
    value.withUTF8 { string(utf8: $0) }
  }

  /// UTF-8 that is taken as it is, but for what JSON has to escape.
  mutating func string(utf8: UnsafeBufferPointer<UInt8>) {
    separate()
    text.append(UInt8(ascii: "\""))
    appendEscaped(utf8)
    text.append(UInt8(ascii: "\""))
  }

  /// Ends a line of a log.
  package mutating func endLine() {
    text.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  /// Empties the buffer and keeps its room.
  mutating func removeAll() {
    text.removeAll()
    needsComma = false
  }

  mutating func key(_ name: StaticString) {
    separate()
    text.append(UInt8(ascii: "\""))
    text.append(fixed: name)
    text.append(fixed: "\":")
    needsComma = false
  }

  /// A member's name that is known only at run time.
  public mutating func member(named name: String, _ value: some JSONWritable) {
    key(named: name)
    value.write(to: &self)
  }

  mutating func key(named name: String) {
    string(name)
    text.append(UInt8(ascii: ":"))
    needsComma = false
  }

  // MARK: Piece by piece

  mutating func beginObject() { open(UInt8(ascii: "{")) }
  mutating func endObject() { close(UInt8(ascii: "}")) }
  mutating func beginArray() { open(UInt8(ascii: "[")) }
  mutating func endArray() { close(UInt8(ascii: "]")) }

  /// The comma before the next element, if one is due.
  mutating func beginElement() {
    separate()
    needsComma = false
  }

  /// Leaves a value out that is put in later. What follows is as if it were there.
  mutating func skipValue() { needsComma = true }

  /// A piece of another text, as it is.
  mutating func append(_ other: borrowing JSONWriter, _ range: Range<Int>) {
    other.text.withBytes { text.append(UnsafeBufferPointer(rebasing: $0[range])) }
  }

  /// How far it has written.
  struct Mark {
    let count: Int
    let needsComma: Bool
  }

  var mark: Mark { Mark(count: text.count, needsComma: needsComma) }

  /// Takes back what has been written since.
  mutating func rewind(to mark: Mark) {
    text.truncate(to: mark.count)
    needsComma = mark.needsComma
  }

  // MARK: Bytes

  private mutating func open(_ bracket: UInt8) {
    separate()
    text.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    text.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { text.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func appendEscaped(_ utf8: UnsafeBufferPointer<UInt8>) {
    // Nearly always there is nothing to escape. Without a branch for each byte a processor sees that for many at once.
    var escaped: UInt8 = 0
    for byte in utf8 { escaped |= JSONWriter.isEscaped(byte) ? 1 : 0 }
    if escaped == 0 { return text.append(utf8) }
    var clean = 0
    for index in utf8.indices where JSONWriter.isEscaped(utf8[index]) {
      text.append(UnsafeBufferPointer(rebasing: utf8[clean..<index]))
      appendEscape(utf8[index])
      clean = index + 1
    }
    text.append(UnsafeBufferPointer(rebasing: utf8[clean...]))
  }

  private static func isEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5c }

  private mutating func appendEscape(_ byte: UInt8) {
    switch byte {
    case 0x22: text.append(fixed: "\\\"")
    case 0x5c: text.append(fixed: "\\\\")
    case 0x0a: text.append(fixed: "\\n")
    case 0x0d: text.append(fixed: "\\r")
    case 0x09: text.append(fixed: "\\t")
    default:
      text.append(fixed: byte < 16 ? "\\u000" : "\\u00")
      text.append(String(byte, radix: 16))
    }
  }
}

extension String: JSONWritable {
  public func write(to json: inout JSONWriter) { json.string(self) }
}
extension Int: JSONWritable {
  public func write(to json: inout JSONWriter) { json.integer(self) }
}
extension Int64: JSONWritable {
  public func write(to json: inout JSONWriter) { json.integer(self) }
}
extension Double: JSONWritable {
  public func write(to json: inout JSONWriter) { json.number(self) }
}
extension Bool: JSONWritable {
  public func write(to json: inout JSONWriter) { json.bool(self) }
}
extension Array: JSONWritable where Element: JSONWritable {
  public func write(to json: inout JSONWriter) { json.array(self) { $1.write(to: &$0) } }
}
