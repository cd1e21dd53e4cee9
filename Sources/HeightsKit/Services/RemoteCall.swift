// What a service answers when it is called over the network.

/// One call of a service's interface: how its arguments become the work, and the work's result an answer.
public struct RemoteCall<Work: Sendable>: Sendable {
  /// As `ServiceRoute.call` names it.
  public let name: String
  private let answer: @Sendable (Work, [UInt8]) async throws -> [UInt8]

  /// A call with a result; nil is one too.
  public init<Arguments: Decodable & Sendable, Reply: Encodable & Sendable>(
    _ name: String, _ work: @escaping @Sendable (Work, Arguments) async throws -> Reply
  ) {
    self.name = name
    answer = { here, body in
      let arguments = try Self.arguments(Arguments.self, in: body)
      return try JSON.encode(try await work(here, arguments))
    }
  }

  /// A call without a result.
  public init<Arguments: Decodable & Sendable>(
    _ name: String, _ work: @escaping @Sendable (Work, Arguments) async throws -> Void
  ) {
    self.name = name
    answer = { here, body in
      try await work(here, try Self.arguments(Arguments.self, in: body))
      return Array("null".utf8)
    }
  }

  /// A call whose result is JSON already, such as a page from the cache: it passes as it is.
  public init<Arguments: Decodable & Sendable>(
    json name: String, _ work: @escaping @Sendable (Work, Arguments) async throws -> [UInt8]
  ) {
    self.name = name
    answer = { here, body in try await work(here, try Self.arguments(Arguments.self, in: body)) }
  }

  /// Does the work that the body of a request asks for.
  /// - Throws: `ArgumentsNotUnderstood`, and what the work throws.
  func callAsFunction(_ here: Work, _ body: [UInt8]) async throws -> [UInt8] { try await answer(here, body) }

  private static func arguments<Arguments: Decodable>(
    _ type: Arguments.Type, in body: [UInt8]
  ) throws -> Arguments {
    do { return try JSON.decode(type, from: body) } catch {
      throw ArgumentsNotUnderstood(reason: "\(error)")
    }
  }
}

/// The caller means another version of the call: nothing was begun.
struct ArgumentsNotUnderstood: Error {
  /// For whoever writes the caller.
  let reason: String
}
