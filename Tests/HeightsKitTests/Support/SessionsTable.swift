// A table of sessions for one test, on a server that all share.

import TestSupport

@testable import HeightsData
@testable import HeightsKit

enum SessionsTable {
  private static let server = Task { try await blocking { try DynamoServer() } }
  private static let requests: @Sendable (String) -> [UInt8] = { table in
    Array(
      """
      {"TableName": "\(table)", "BillingMode": "PAY_PER_REQUEST",
       "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
       "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]}
      """.utf8)
  }

  /// Makes one.
  /// - Parameters:
  ///   - server: that of all tests, unless told.
  ///   - host: as it is asked.
  /// - Returns: the variables that name it.
  static func make(
    on server: DynamoServer? = nil, host: String = "127.0.0.1"
  ) async throws -> [String: String] {
    let server = if let server { server } else { try await Self.server.value }
    let name = "sessions-\(UInt32.random(in: 0 ... .max))"
    let variables = server.variables(name, host: host)
    try await withTables(variables) { loop, place in
      let caller = DynamoCaller(
        place, on: loop, DynamoMetrics(), encrypt: place.encryption(believing: variables["AWS_CA_BUNDLE"]),
        nowSeconds: { Int(wallClockMs() / 1_000) })
      _ = try await caller.send("CreateTable", requests(name))
      await caller.close()
    }
    return variables
  }

  /// A loop, and the place that variables name.
  static func withTables<T: Sendable>(
    _ variables: [String: String], _ body: (EventLoop, DynamoPlace) async throws -> T
  ) async throws -> T {
    let loops = try EventLoopGroup(count: 1)
    guard let place = try DynamoPlace(variables) else { throw ClientError(text: "no table is named") }
    do {
      let result = try await body(loops.loops[0], place)
      await loops.shutdown()
      return result
    } catch {
      await loops.shutdown()
      throw error
    }
  }
}
