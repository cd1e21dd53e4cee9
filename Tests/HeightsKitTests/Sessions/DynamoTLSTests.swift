// A table behind TLS is asked like any other; one that can't prove its name is told nothing.

import TestSupport
import Testing

@testable import HeightsData
@testable import HeightsKit

@Suite struct DynamoTLSTests {
  private static let key: DynamoItem = ["pk": .text("a"), "sk": .text("b")]

  private func withTable(
    _ variables: [String: String], _ body: (DynamoTable) async throws -> Void
  ) async throws {
    let loops = try EventLoopGroup(count: 2)
    let place = try #require(try DynamoPlace(variables))
    let table = DynamoTable(place, loops, encrypt: place.encryption(believing: variables["AWS_CA_BUNDLE"]))
    let result: Result<Void, any Error>
    do { result = .success(try await body(table)) } catch { result = .failure(error) }
    await table.close()
    await loops.shutdown()
    try result.get()
  }

  /// Larger than a record of TLS, and more than one connection.
  @Test(arguments: ["localhost", "127.0.0.1"]) func itemsComeBackAsTheyWerePut(host: String) async throws {
    let server = try await blocking { try DynamoServer(certifiedAs: "DNS:localhost,IP:127.0.0.1") }
    try await withTable(try await SessionsTable.make(on: server, host: host)) { table in
      try await withThrowingTaskGroup(of: Void.self) { group in
        for number in 0..<20 {
          group.addTask {
            var item: DynamoItem = ["pk": .text("\(number)"), "sk": .text("b")]
            item["text"] = .text(String(repeating: "ü", count: number * 3_000))
            try await table.put(item)
            let found = try await table.get(["pk": .text("\(number)"), "sk": .text("b")])
            #expect(found == item)
          }
        }
        try await group.waitForAll()
      }
    }
  }

  @Test func aServerOfAnotherNameIsNotAsked() async throws {
    let server = try await blocking { try DynamoServer(certifiedAs: "DNS:other.example") }
    try await expectRefusal(server.variables("people", host: "localhost"), because: "hostname mismatch")
    try await expectRefusal(server.variables("people"), because: "IP address mismatch")
  }

  @Test func aServerThatNobodyVouchesForIsNotAsked() async throws {
    let server = try await blocking { try DynamoServer(certifiedAs: "IP:127.0.0.1") }
    var variables = server.variables("people")
    variables["AWS_CA_BUNDLE"] = nil
    try await expectRefusal(variables, because: "self-signed certificate")
    variables["AWS_CA_BUNDLE"] = "/nowhere.pem"
    try await expectRefusal(variables, because: "the certificates in /nowhere.pem can't be read")
  }

  @Test func aServerWithoutTLSIsGivenUpInTime() async throws {
    let server = try await blocking { try DynamoServer() }
    var variables = server.variables("people")
    variables["AWS_ENDPOINT_URL_DYNAMODB"] = "https://127.0.0.1:\(server.port)"
    try await expectRefusal(variables, because: "")
  }

  private func expectRefusal(_ variables: [String: String], because: String) async throws {
    try await withTable(variables) { table in
      let start = Deadline.now
      let error = await #expect(throws: DynamoError.self) { try await table.get(Self.key) }
      #expect(
        error.map { because.isEmpty || $0.description.contains(because) } == true,
        "\(String(describing: error))")
      #expect(error?.problem.status == .serviceUnavailable)
      #expect(start.elapsedMs < DynamoCaller.patienceMs + DynamoCaller.tryMs)
    }
  }
}
