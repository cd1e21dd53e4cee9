// What is said over the control socket: one line of JSON asks, lines of progress may follow, one line answers.

import Foundation

/// One line from the lab: progress, or the end of the conversation.
enum ControlReply: Equatable, Sendable {
  case progress(String)
  case done(LabSnapshot)
  case failed(LabError)
}

extension ControlReply: Codable {
  private enum Key: String, CodingKey {
    case progress, snapshot, error, message, isMisuse, mayRetry
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    if let text = try values.decodeIfPresent(String.self, forKey: .progress) {
      self = .progress(text)
    } else if let code = try values.decodeIfPresent(String.self, forKey: .error) {
      self = .failed(
        LabError(
          code, try values.decode(String.self, forKey: .message),
          isMisuse: try values.decodeIfPresent(Bool.self, forKey: .isMisuse) ?? false,
          // A lab that an earlier version runs does not say it.
          mayRetry: try values.decodeIfPresent(Bool.self, forKey: .mayRetry) ?? (code == "busy")))
    } else {
      self = .done(try values.decode(LabSnapshot.self, forKey: .snapshot))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    switch self {
    case .progress(let text): try values.encode(text, forKey: .progress)
    case .done(let snapshot): try values.encode(snapshot, forKey: .snapshot)
    case .failed(let error):
      try values.encode(error.code, forKey: .error)
      try values.encode(error.description, forKey: .message)
      if error.isMisuse { try values.encode(true, forKey: .isMisuse) }
      if error.mayRetry { try values.encode(true, forKey: .mayRetry) }
    }
  }
}

/// Lines of JSON over a socket.
enum ControlLine {
  static let maximumRequestBytes = 64 << 10
  static let maximumReplyBytes = 4 << 20

  static func write(_ value: some Encodable, to exchange: Exchange) throws(LabError) {
    guard let data = try? JSONEncoder().encode(value) else { throw .protocolBroken("a value without JSON") }
    try exchange.write(Array(data) + [0x0A])
  }

  /// The next line; `pending` keeps what came after it.
  static func read(from exchange: Exchange, pending: inout [UInt8], limitBytes: Int) throws(LabError)
    -> [UInt8]
  {
    while true {
      if let end = pending.firstIndex(of: 0x0A) {
        defer { pending.removeSubrange(...end) }
        return Array(pending[..<end])
      }
      if pending.count > limitBytes { throw .protocolBroken("a line of more than \(limitBytes) bytes") }
      let bytes = try exchange.readSome(upTo: 16 << 10)
      if bytes.isEmpty, pending.isEmpty {
        throw .system(attempt: "waiting for the other side, which has gone", code: ECONNRESET)
      }
      if bytes.isEmpty { throw .protocolBroken("the connection ended in the middle of a line") }
      pending += bytes
    }
  }
}
