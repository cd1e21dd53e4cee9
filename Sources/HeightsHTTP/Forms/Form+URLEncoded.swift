// Forms as browsers send them when they hold no files (WHATWG URL, 5.1).

extension Form {
  /// Reads `application/x-www-form-urlencoded`.
  /// - Throws: `Problem` (400) when there are more than `fieldLimit` fields, or one isn't percent-encoded UTF-8.
  init(urlEncoded bytes: [UInt8], fieldLimit: Int) throws {
    let pairs = bytes.split(separator: UInt8(ascii: "&"))
    guard pairs.count <= fieldLimit else { throw Problem.tooManyFields(fieldLimit) }
    for pair in pairs {
      let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
        let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : [], plusIsSpace: true)
      else { throw Problem.badRequest("The form has a percent-encoding that isn't valid UTF-8.") }
      fields.append((name, value))
    }
  }
}

extension Problem {
  static func tooManyFields(_ limit: Int) -> Problem {
    .badRequest("The form has more than \(limit) fields.")
  }
}
