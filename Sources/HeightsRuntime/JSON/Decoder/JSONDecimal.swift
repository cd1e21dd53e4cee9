// A whole number in any of the spellings that JSON has for it.

/// A number of JSON's grammar as its digits and a power of ten, so that nothing is rounded.
struct JSONDecimal {
  /// More zeros than any integer type has digits.
  private static let manyZeros = 50

  private let isNegative: Bool
  /// Without zeros at either end; empty for 0.
  private var digits: [UInt8] = []
  /// What the digits are multiplied with.
  private var powerOfTen = 0

  init(_ text: UnsafeBufferPointer<UInt8>) {
    isNegative = text.first == UInt8(ascii: "-")
    var (position, isFraction) = (isNegative ? 1 : 0, false)
    while position < text.count, text[position] | 0x20 != UInt8(ascii: "e") {
      let byte = text[position]
      position += 1
      if byte == UInt8(ascii: ".") {
        isFraction = true
        continue
      }
      if isFraction { powerOfTen -= 1 }
      if byte != UInt8(ascii: "0") || !digits.isEmpty { digits.append(byte - UInt8(ascii: "0")) }
    }
    powerOfTen += Self.exponent(text[position...].dropFirst())
    while digits.last == 0 {
      digits.removeLast()
      powerOfTen += 1
    }
  }

  /// Of a size that no number of digits makes up for, if it is larger.
  private static func exponent(_ text: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
    var exponent = 0
    for byte in text where byte != UInt8(ascii: "+") && byte != UInt8(ascii: "-") {
      exponent = min(exponent * 10 + Int(byte - UInt8(ascii: "0")), 1 << 40)
    }
    return text.first == UInt8(ascii: "-") ? -exponent : exponent
  }

  /// Whether nothing is left behind the point.
  var isWhole: Bool { digits.isEmpty || powerOfTen >= 0 }

  /// Nil if the type doesn't have it. Only of one that is whole.
  func whole<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
    if digits.isEmpty { return 0 }
    guard powerOfTen < Self.manyZeros else { return nil }
    var number: Number = 0
    for digit in digits + Array(repeating: 0, count: powerOfTen) {
      guard let ten = Number(exactly: 10), let digit = Number(exactly: digit) else { return nil }
      let (shifted, isTooLarge) = number.multipliedReportingOverflow(by: ten)
      let (sum, isBeyond) =
        isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
      if isTooLarge || isBeyond { return nil }
      number = sum
    }
    return number
  }
}
