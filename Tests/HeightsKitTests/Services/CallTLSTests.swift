// A service that is asked within TLS answers like any other; one that can't prove its name is told nothing.

import Placement
import TestSupport
import Testing

@testable import HeightsHTTP
@testable import HeightsKit

@Suite struct CallTLSTests {
  private static let arguments = Array("{}".utf8)

  /// - Parameter name: of the certificate of the door before the service.
  private func withDoor(
    certifiedAs name: String,
    _ body: @escaping @Sendable (TLSDoor, TestServer, EventLoop) async throws -> Void
  ) async throws {
    let server = try TestServer { connection in
      while connection.readRequest() != nil { connection.answer(200, "null") }
    }
    defer { server.stop() }
    let port = try #require(UInt16(server.target.split(separator: ":").last ?? ""))
    let door = try await blocking { try TLSDoor(before: port, certifiedAs: name) }
    let loops = try EventLoopGroup(count: 1)
    let result: Result<Void, any Error>
    do { result = .success(try await body(door, server, loops.loops[0])) } catch { result = .failure(error) }
    await loops.shutdown()
    try result.get()
  }

  private func status(_ caller: ServiceCaller) async throws -> Int {
    try await caller.call("nothing", Self.arguments, .once).status
  }

  @Test(arguments: ["localhost", "127.0.0.1"])
  func aServiceIsCalledByTheNameOfItsCertificate(host: String) async throws {
    try await withDoor(certifiedAs: "DNS:localhost,IP:127.0.0.1") { door, _, loop in
      let caller = ServiceCaller("echo", on: loop, as: nil, believing: door.certificate)
      await caller.setAddresses([ServerAddress(host: host, port: door.port)], tls: true)
      for _ in 0..<3 {
        let found = try await status(caller)
        #expect(found == 200)
      }
      await caller.close()
    }
  }

  @Test func aServiceOfAnotherNameOrThatNobodyVouchesForIsToldNothing() async throws {
    try await withDoor(certifiedAs: "DNS:other.example") { door, server, loop in
      for (authorities, reason) in [
        (door.certificate, "IP address mismatch"), (nil, "self-signed certificate"),
        ("/nowhere.pem", "the certificates in /nowhere.pem can't be read"),
      ] {
        let caller = ServiceCaller("echo", on: loop, as: nil, believing: authorities)
        await caller.setAddresses([ServerAddress(host: "127.0.0.1", port: door.port)], tls: true)
        let error = await #expect(throws: CallError.self) { try await status(caller) }
        #expect(error?.effect == .didNotHappen)
        #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
        await caller.close()
      }
      #expect(server.connectionCount == 0)
    }
  }

  /// A placement may say it of the same address.
  @Test func aPlacementThatSaysTLSEndsWhatIsAskedWithout() async throws {
    try await withDoor(certifiedAs: "IP:127.0.0.1") { door, _, loop in
      let caller = ServiceCaller("echo", on: loop, as: nil, believing: door.certificate)
      let address = ServerAddress(host: "127.0.0.1", port: door.port)
      await caller.setAddresses([address])
      await #expect(throws: CallError.self) { try await status(caller) }
      await caller.setAddresses([address], tls: true)
      let found = try await status(caller)
      #expect(found == 200)
      await caller.setAddresses([address])
      await #expect(throws: CallError.self) { try await status(caller) }
      await caller.close()
    }
  }
}
