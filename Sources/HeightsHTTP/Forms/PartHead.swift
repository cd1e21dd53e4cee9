// What stands before the content of a form's part.

/// A field's or a file's name and kind (RFC 7578, 4).
struct PartHead: Equatable {
  let name: String
  /// Nil for a field.
  let filename: String?
  /// As the client says it.
  let contentType: String?

  /// What it takes.
  var bytes: Int {
    name.utf8.count + (filename?.utf8.count ?? 0) + (contentType?.utf8.count ?? 0)
      + MemoryLayout<PartHead>.size
  }

  /// - Parameter head: its lines, without the empty one that ends them.
  init(_ head: some Collection<UInt8>) throws(MultipartError) {
    var disposition: HeaderValue?
    var contentType: String?
    for (name, value) in try PartHead.lines(Array(head)) {
      switch name {
      case "content-disposition":
        guard disposition == nil else { throw MultipartError("has two of Content-Disposition") }
        disposition = HeaderValue(value)
        if disposition == nil { throw MultipartError("has a Content-Disposition that can't be read") }
      case "content-type":
        guard contentType == nil else { throw MultipartError("has two of Content-Type") }
        guard let text = String(validating: value, as: UTF8.self) else {
          throw MultipartError("has a Content-Type that isn't valid UTF-8")
        }
        contentType = text
      case "content-transfer-encoding":
        let encoding = String(decoding: value, as: UTF8.self).lowercased()
        guard ["binary", "8bit", "7bit"].contains(encoding) else {
          throw MultipartError("is encoded as \(encoding), and has to be sent as it is")
        }
      default: break
      }
    }
    guard let disposition else { throw MultipartError("has no Content-Disposition") }
    guard disposition.value == "form-data" else {
      throw MultipartError("is said to be '\(disposition.value)' and not form-data")
    }
    guard let name = disposition["name"] else { throw MultipartError("has no name") }
    self.name = try PartHead.text(name, "name")
    filename = try PartHead.filename(disposition)
    self.contentType = contentType
  }

  /// Name in lower case, and value, of each; one that goes on in the next line is one.
  private static func lines(_ head: [UInt8]) throws(MultipartError) -> [(name: String, value: [UInt8])] {
    var lines: [[UInt8]] = []
    var rest = head[...]
    while !rest.isEmpty {
      let line = rest.prefix { $0 != 13 && $0 != 10 && $0 != 0 }
      rest = rest.dropFirst(line.count)
      guard rest.isEmpty || rest.starts(with: [13, 10]) else {
        throw MultipartError("has a zero or half a line break in its head: lines end with CR and LF")
      }
      rest = rest.dropFirst(2)
      if line.first?.isBlank == true, !lines.isEmpty {
        lines[lines.count - 1] += line
      } else {
        lines.append(Array(line))
      }
    }
    var found: [(name: String, value: [UInt8])] = []
    for line in lines {
      guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else {
        throw MultipartError("has a line without a colon in its head")
      }
      let name = line[..<colon].withoutBlanks
      found.append(
        (String(decoding: name, as: UTF8.self).lowercased(), Array(line[(colon + 1)...].withoutBlanks)))
    }
    return found
  }

  private static func filename(_ disposition: HeaderValue) throws(MultipartError) -> String? {
    if let filename = disposition["filename"] { return try text(filename, "filename") }
    guard let extended = disposition["filename*"] else { return nil }
    // RFC 7578 has no such, and clients that send it mean a file (RFC 8187, 3.2.1).
    let parts = extended.split(separator: UInt8(ascii: "'"), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, String(decoding: parts[0], as: UTF8.self).lowercased() == "utf-8",
      let filename = PercentEncoding.decode(parts[2])
    else { throw MultipartError("has a filename* that isn't percent-encoded UTF-8") }
    return filename
  }

  /// Browsers write a quote and line breaks as `%22`, `%0D` and `%0A`, and nothing else (WHATWG HTML, 4.10.21.8).
  private static func text(_ bytes: [UInt8], _ what: String) throws(MultipartError) -> String {
    var text: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"),
        let meant = escapes.first(where: { rest.prefix(2).elementsEqual($0.0.utf8) })
      {
        text.append(meant.1)
        rest = rest.dropFirst(2)
      } else {
        text.append(byte)
      }
    }
    guard let valid = String(validating: text, as: UTF8.self) else {
      throw MultipartError("has a \(what) that isn't valid UTF-8")
    }
    return valid
  }

  private static let escapes: [(String, UInt8)] = [
    ("22", UInt8(ascii: "\"")), ("0D", 13), ("0d", 13), ("0A", 10), ("0a", 10),
  ]
}
