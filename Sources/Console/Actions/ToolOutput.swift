// What a `heights` that was started with --json has written, taken apart: lines for people, and a report at the end.

import Foundation

/// Reads the mixture of standard output and error as it comes.
struct ToolOutput {
  enum Part: Equatable {
    case line(String)
    /// A document of JSON.
    case report([UInt8])
  }

  private static let reportLimitBytes = 64 << 10

  /// How much has been taken in.
  private(set) var readBytes = 0
  private var pending: [UInt8] = []
  /// The lines so far of a document that is printed over several.
  private var document: [UInt8]?

  /// The whole lines that `bytes` brings.
  mutating func take(_ bytes: [UInt8]) -> [Part] {
    readBytes += bytes.count
    pending += bytes
    var parts: [Part] = []
    while let end = pending.firstIndex(of: 0x0A) {
      if let part = part(of: Array(pending[..<end])) { parts.append(part) }
      pending.removeSubrange(...end)
    }
    return parts
  }

  private mutating func part(of line: [UInt8]) -> Part? {
    if document != nil || line == Array("{".utf8) {
      document = (document ?? []) + line
      guard line == Array("}".utf8), let whole = document else { return nil }
      document = nil
      let isSound = whole.count <= Self.reportLimitBytes && Self.object(whole) != nil
      return isSound ? .report(whole) : nil
    }
    guard line.first == UInt8(ascii: "{"), let event = Self.object(line) else {
      let text = String(decoding: line, as: UTF8.self)
      return text.isEmpty ? nil : .line(text)
    }
    return Self.text(of: event).map { .line($0) }
  }

  /// What an event says to people: the outcome has a message, what a climb does a text and its place.
  private static func text(of event: [String: Any]) -> String? {
    if let message = event["message"] as? String { return message }
    guard let text = event["text"] as? String else { return nil }
    let isRepeated = event["event"] as? String == "done" || event["operation"] as? String == "verify"
    if isRepeated, event["event"] as? String != "failed" { return nil }
    guard let number = event["number"] as? Int, let count = event["count"] as? Int else { return text }
    return "\(number) of \(count): \(event["operation"] as? String == "undo" ? "undoing: " : "")\(text)"
  }

  private static func object(_ bytes: [UInt8]) -> [String: Any]? {
    (try? JSONSerialization.jsonObject(with: Data(bytes))) as? [String: Any]
  }
}
