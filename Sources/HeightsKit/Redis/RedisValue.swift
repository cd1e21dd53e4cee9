// What Redis is told and what it answers.

import CHiredis

/// One part of a command: bytes, whatever they are.
struct RedisArgument: ExpressibleByStringLiteral, Sendable {
  let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }
  init(_ text: String) { bytes = Array(text.utf8) }
  init(_ number: Int) { bytes = Array(String(number).utf8) }
  init(stringLiteral text: String) { self.init(text) }
}

/// An answer.
enum RedisValue: Equatable, Sendable {
  case null
  case integer(Int64)
  case bytes([UInt8])
  case list([RedisValue])
  /// A refusal: its code in capitals, then what it means.
  case error(String)

  /// Copies an answer of hiredis'.
  init(_ reply: redisReply) {
    switch reply.type {
    case REDIS_REPLY_INTEGER: self = .integer(Int64(reply.integer))
    case REDIS_REPLY_STRING, REDIS_REPLY_STATUS: self = .bytes(Self.bytes(reply))
    case REDIS_REPLY_ERROR: self = .error(String(decoding: Self.bytes(reply), as: UTF8.self))
    case REDIS_REPLY_ARRAY:
      self = .list(
        (0..<reply.elements).map { index in
          reply.element?[index].map { RedisValue($0.pointee) } ?? .null
        })
    default: self = .null
    }
  }

  private static func bytes(_ reply: redisReply) -> [UInt8] {
    Array(UnsafeRawBufferPointer(start: reply.str, count: reply.len))
  }

  var text: String? {
    if case .bytes(let bytes) = self { String(decoding: bytes, as: UTF8.self) } else { nil }
  }

  var list: [RedisValue] { if case .list(let values) = self { values } else { [] } }
}

/// Why there is no answer, or not the one that was asked for.
enum RedisError: Error, Equatable, CustomStringConvertible {
  /// There is no connection to a leader: nothing was waited for.
  case away(String)
  /// No answer until the deadline. The command may have been carried out, or may be yet.
  case timeout
  /// Too many wait already.
  case tooMany
  /// The server's refusal, in its words.
  case refused(String)

  var description: String {
    switch self {
    case .away(let reason): "Redis is away: \(reason)"
    case .timeout: "Redis did not answer in time"
    case .tooMany: "too many commands wait for Redis"
    case .refused(let reason): "Redis refused: \(reason)"
    }
  }

  /// Why Redis is away, after such an error.
  var reason: String { if case .away(let reason) = self { reason } else { description } }

  /// Whether the server can't be the leader, or not one that may be written to.
  var isOfLeader: Bool {
    switch self {
    case .away: true
    case .timeout, .tooMany: false
    case .refused(let reason):
      ["READONLY", "LOADING", "MASTERDOWN", "NOAUTH", "WRONGPASS", "NOPERM"]
        .contains { reason.hasPrefix($0) }
    }
  }
}

extension RedisError: ProblemConvertible {
  var problem: Problem {
    switch self {
    case .tooMany: .overloaded
    case .refused where !isOfLeader: .unexpected
    // A change of its leader, or of who may ask.
    case .away, .timeout, .refused:
      Problem(
        .serviceUnavailable, title: "The store doesn't answer in time", detail: "Try again in a moment.",
        retryAfterSeconds: 1)
    }
  }
}
