// JSON for answers, written as UTF-8 straight into a buffer: an encoder by reflection takes ten times as long.

/// Something that has a JSON form.
public protocol JSONWritable {
  func write(to json: inout JSONWriter)
}

/// Writes JSON (RFC 8259). Commas and escapes are its business; keys are the caller's.
public struct JSONWriter {
  public private(set) var bytes: [UInt8] = []
  private var needsComma = false

  public init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

  /// The JSON text of `value`.
  public static func bytes(of value: some JSONWritable, capacity: Int = 512) -> [UInt8] {
    var json = JSONWriter(capacity: capacity)
    value.write(to: &json)
    return json.bytes
  }

  public mutating func object(_ members: (inout JSONWriter) -> Void) {
    open(UInt8(ascii: "{"))
    members(&self)
    close(UInt8(ascii: "}"))
  }

  public mutating func array<Elements: Sequence>(
    _ elements: Elements, _ write: (inout JSONWriter, Elements.Element) -> Void
  ) {
    open(UInt8(ascii: "["))
    for element in elements { write(&self, element) }
    close(UInt8(ascii: "]"))
  }

  /// One member of an object. `nil` is written as `null`.
  public mutating func member(_ name: StaticString, _ value: (some JSONWritable)?) {
    key(name)
    if let value { value.write(to: &self) } else { null() }
  }

  // The commonest values by themselves: what is generic looks up its type at each call.

  public mutating func member(_ name: StaticString, _ value: String) {
    key(name)
    string(value)
  }

  public mutating func member(_ name: StaticString, _ value: Int) {
    key(name)
    integer(value)
  }

  public mutating func member(_ name: StaticString, _ value: Int64) {
    key(name)
    integer(value)
  }

  public mutating func member(_ name: StaticString, _ value: Bool) {
    key(name)
    bool(value)
  }

  public mutating func member(_ name: StaticString, _ members: (inout JSONWriter) -> Void) {
    key(name)
    object(members)
  }

  public mutating func member<Elements: Sequence>(_ name: StaticString, array elements: Elements)
  where Elements.Element: JSONWritable {
    key(name)
    array(elements) { $1.write(to: &$0) }
  }

  /// A member of 32 hexadecimal digits.
  mutating func member(_ name: StaticString, hexadecimal high: UInt64, _ low: UInt64) {
    key(name)
    separate()
    bytes.append(UInt8(ascii: "\""))
    for word in [high, low] {
      for shift in stride(from: UInt64(60), through: 0, by: -4) {
        let four = UInt8(truncatingIfNeeded: word >> shift) & 15
        bytes.append(four < 10 ? UInt8(ascii: "0") + four : UInt8(ascii: "a") + four - 10)
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Inserts text that is JSON already.
  public mutating func member(_ name: StaticString, json text: [UInt8]) {
    key(name)
    raw(text)
  }

  /// One value that is JSON already.
  public mutating func raw(_ text: [UInt8]) {
    separate()
    bytes.append(contentsOf: text)
  }

  public mutating func null() {
    separate()
    append("null")
  }

  public mutating func bool(_ value: Bool) {
    separate()
    append(value ? "true" : "false")
  }

  public mutating func integer(_ value: some BinaryInteger) {
    separate()
    appendDecimal(Int64(value))
  }

  /// A finite number as the shortest text that reads back the same; `null` for the others, which JSON lacks.
  public mutating func number(_ value: Double) {
    separate()
    if value.isFinite { bytes.append(contentsOf: value.description.utf8) } else { append("null") }
  }

  public mutating func string(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { appendEscaped($0) }
    bytes.append(UInt8(ascii: "\""))
  }

  /// UTF-8 that is taken as it is, but for what JSON has to escape.
  mutating func string(utf8: UnsafeBufferPointer<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    appendEscaped(utf8)
    bytes.append(UInt8(ascii: "\""))
  }

  mutating func endLine() {
    bytes.append(UInt8(ascii: "\n"))
    needsComma = false
  }

  /// Empties the buffer and keeps its room.
  mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
    needsComma = false
  }

  mutating func key(_ name: StaticString) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    append(name)
    append("\":")
    needsComma = false
  }

  /// A member's name that is known only at run time.
  public mutating func member(named name: String, _ value: some JSONWritable) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
    value.write(to: &self)
  }

  // MARK: Bytes

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
    needsComma = true
  }

  private mutating func append(_ text: StaticString) {
    bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func appendDecimal(_ value: Int64) {
    if value < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    let start = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(rest % 10))
      rest /= 10
    } while rest > 0
    bytes[start...].reverse()
  }

  private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
    // Nearly always there is nothing to escape. Without a branch for each byte a processor sees that for many at once.
    var escaped: UInt8 = 0
    for byte in text { escaped |= JSONWriter.isEscaped(byte) ? 1 : 0 }
    if escaped == 0 { return bytes.append(contentsOf: text) }
    var clean = 0
    for index in text.indices where JSONWriter.isEscaped(text[index]) {
      let byte = text[index]
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean..<index]))
      appendEscape(byte)
      clean = index + 1
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[clean...]))
  }

  private static func isEscaped(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5c }

  private mutating func appendEscape(_ byte: UInt8) {
    switch byte {
    case 0x22: append("\\\"")
    case 0x5c: append("\\\\")
    case 0x0a: append("\\n")
    case 0x0d: append("\\r")
    case 0x09: append("\\t")
    default:
      append(byte < 16 ? "\\u000" : "\\u00")
      bytes.append(contentsOf: String(byte, radix: 16).utf8)
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
