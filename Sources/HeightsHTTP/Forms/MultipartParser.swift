// Forms with files, taken apart as they arrive (RFC 7578; RFC 2046, 5.1).

import CRuntime

/// Finds the parts of `multipart/form-data` in bytes that come in pieces of any size. What it can't understand it refuses:
/// no part is left out.
struct MultipartParser {
  /// Of a part: its name and kind.
  static let headLimitBytes = 16 << 10
  /// RFC 2046, 5.1.1.
  private static let boundaryLimitBytes = 70

  enum Event {
    case part(PartHead)
    /// Of the part that began last.
    case content(UnsafeRawBufferPointer)
  }

  private enum State { case preamble, delimiter, head, contentBegins, content, epilogue }

  /// What ends a part: a line break, two dashes and the boundary.
  private let delimiter: [UInt8]
  /// What has come and is not understood yet. A boundary at the very beginning has no line break before it.
  private var held: [UInt8] = [13, 10]
  private var state = State.preamble
  private var parts = 0

  /// - Returns: nil when the boundary isn't one.
  init?(boundary: [UInt8]) {
    guard (1...Self.boundaryLimitBytes).contains(boundary.count), !boundary.contains(where: { $0 < 32 })
    else {
      return nil
    }
    delimiter = [13, 10, UInt8(ascii: "-"), UInt8(ascii: "-")] + boundary
  }

  /// Takes the next bytes.
  /// - Parameter take: called for what is in them, in its order; what it throws ends the form.
  mutating func receive(_ bytes: UnsafeRawBufferPointer, _ take: (Event) throws -> Void) throws {
    held.append(contentsOf: bytes)
    var position = 0
    while let next = try step(position, take) { position = next }
    held.removeFirst(min(position, held.count))
  }

  /// - Throws: when the form is not complete.
  func finish() throws(MultipartError) {
    guard state == .epilogue else { throw MultipartError("ends before it is complete", part: nil) }
  }

  /// - Returns: up to where `held` has been understood; nil when more is needed, and nothing has been done.
  private mutating func step(_ start: Int, _ take: (Event) throws -> Void) throws -> Int? {
    switch state {
    case .preamble, .content: return try passContent(start, take)
    case .delimiter: return try passDelimiter(start)
    case .head: return try passHead(start, take)
    case .contentBegins: return beginContent(start)
    case .epilogue: return start < held.count ? held.count : nil
    }
  }

  private mutating func passContent(_ start: Int, _ take: (Event) throws -> Void) throws -> Int? {
    let found = index(of: delimiter, from: start)
    // The end of what is there may be the beginning of a boundary.
    let end = found ?? max(start, held.count - delimiter.count + 1)
    if state == .content, end > start {
      try held.withUnsafeBytes { try take(.content(UnsafeRawBufferPointer(rebasing: $0[start..<end]))) }
    }
    guard found != nil else { return end > start ? end : nil }
    state = .delimiter
    return end + delimiter.count
  }

  /// What follows a boundary: two dashes behind the last one, blanks and a line break behind others.
  private mutating func passDelimiter(_ start: Int) throws -> Int? {
    guard held.count - start >= 2 else { return nil }
    if held[start...].starts(with: [UInt8(ascii: "-"), UInt8(ascii: "-")]) {
      state = .epilogue
      return start + 2
    }
    let blanks = held[start...].prefix { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
    let end = start + blanks.count
    guard blanks.count <= Self.headLimitBytes else { throw error("has a boundary that does not end") }
    if held.count - end < 2, held[end...].allSatisfy({ $0 == 13 }) { return nil }
    guard held[end...].starts(with: [13, 10]) else { throw error("has something else behind its boundary") }
    state = .head
    return end + 2
  }

  private mutating func passHead(_ start: Int, _ take: (Event) throws -> Void) throws -> Int? {
    if held[start...].starts(with: [13, 10]) { throw error("has no Content-Disposition") }
    let end = index(of: [13, 10, 13, 10], from: start)
    guard (end ?? held.count) - start <= Self.headLimitBytes else {
      throw error("has a head of more than \(Self.headLimitBytes) bytes")
    }
    guard let end else { return nil }
    parts += 1
    let head: PartHead
    do throws(MultipartError) { head = try PartHead(held[start..<end]) } catch { throw error.of(part: parts) }
    state = .contentBegins
    try take(.part(head))
    return end + 2
  }

  /// Behind the head is an empty line; without content its end may be that which the boundary begins with.
  private mutating func beginContent(_ start: Int) -> Int? {
    let rest = held[start...].prefix(delimiter.count)
    let isBoundary = delimiter.starts(with: rest)
    if isBoundary && rest.count < delimiter.count { return nil }
    state = .content
    return isBoundary ? start : start + 2
  }

  private func index(of sought: [UInt8], from start: Int) -> Int? {
    let offset = held.withUnsafeBytes { bytes in
      let rest = UnsafeRawBufferPointer(rebasing: bytes[start...])
      return heights_find(rest.baseAddress, rest.count, sought, sought.count)
    }
    return offset < 0 ? nil : start + offset
  }

  private func error(_ text: String) -> MultipartError { MultipartError(text, part: parts + 1) }
}

/// What is wrong with a form that has parts.
struct MultipartError: Error, Equatable, CustomStringConvertible {
  /// What goes on behind `The form's part 2` or `The form`.
  private let text: String
  private let part: Int?

  init(_ text: String, part: Int? = nil) { (self.text, self.part) = (text, part) }

  func of(part: Int) -> MultipartError { MultipartError(text, part: part) }

  var description: String { part.map { "The form's part \($0) \(text)." } ?? "The form \(text)." }
}
