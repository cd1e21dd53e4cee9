// Commands to Redis as a span of the request that they are for.

/// Commands that went out together. Their arguments are not told.
struct RedisSpan: SpanSubject {
  private let operation: String
  private let count: Int
  private let server: ServerAddress?

  /// - Parameter server: the one that leads; nil where there is none.
  init(_ commands: [[RedisArgument]], server: ServerAddress?) {
    let names = Set(commands.map { $0.first.map { String(decoding: $0.bytes, as: UTF8.self) } ?? "" })
    operation = commands.count == 1 || names.count == 1 ? names.first ?? "" : "PIPELINE"
    (count, self.server) = (commands.count, server)
  }

  var kind: SpanKind { .client }
  var name: String { operation }

  var attributes: [SpanAttribute] {
    [SpanAttribute("db.system.name", "redis"), SpanAttribute("db.operation.name", operation)]
      + (count > 1 ? [SpanAttribute("db.operation.batch.size", count)] : [])
      + (server.map { SpanAttribute.server($0.host, port: $0.port) } ?? [])
  }

  /// The first failure among the answers, without Redis' own words.
  static func failure(_ answers: [Result<RedisValue, RedisError>]) -> String? {
    for case .failure(let error) in answers {
      return switch error {
      case .away: "away"
      case .timeout: "timeout"
      case .tooMany: "too_many"
      case .refused: "refused"
      }
    }
    return nil
  }
}
