// Blanks around what headers say (RFC 9110, 5.6.3).

extension BidirectionalCollection<UInt8> where SubSequence == Self {
  /// Without those at both ends.
  var withoutBlanks: Self {
    var rest = drop(while: \.isBlank)
    while let last = rest.last, last.isBlank { rest.removeLast() }
    return rest
  }
}

extension UInt8 {
  /// A space or a tab.
  var isBlank: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
