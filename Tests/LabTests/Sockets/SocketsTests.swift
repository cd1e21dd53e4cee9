// Sockets in folders of any depth, ports that are taken, and HTTP answers of any kind.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct SocketsTests {
  @Test func aSocketsPathMayBeLongerThanTheKernelAllows() throws {
    let temporary = try TemporaryFolder()
    let deep = String(repeating: "/a-rather-long-name-of-a-folder", count: 8)
    try temporary.makeFolder(deep)
    let address = UnixAddress(folder: temporary.path + deep, name: "app.sock")
    let listener = try address.listen(backlog: 1)
    #expect(listener.isOpen)
    #expect(try address.connect().isOpen)
    var status = stat()
    #expect(stat(address.path, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func allSocketsShareOnePortAndABusyOneIsNamed() throws {
    let sockets = try ActivationSockets(port: 0, count: 3, option: "--port")
    #expect(sockets.sockets.count == 3)
    #expect(sockets.sockets.allSatisfy { LoopbackAddress.port(of: $0.number) == sockets.port })
    #expect(throws: LabError.portBusy(port: sockets.port, option: "--port")) {
      try ActivationSockets(port: sockets.port, count: 1, option: "--port")
    }
  }

  @Test(arguments: [-1, 65536]) func aPortThatDoesNotExistIsRefused(port: Int) {
    #expect(throws: LabError.portOutOfRange(port: port, option: "--port")) {
      try ActivationSockets(port: port, count: 1, option: "--port")
    }
  }

  @Test func anAnswerIsSplitIntoStatusAndBody() throws {
    let answer = try AdminClient.parse(Array("HTTP/1.1 503 Busy\r\nA: b\r\n\r\nbody\r\n\r\n".utf8))
    #expect(answer.status == 503)
    #expect(answer.text == "body\r\n\r\n")
    #expect(answer.lengthBytes == nil)
  }

  @Test func anAnswerThatIsCutOffIsNotTakenForAShortOne() throws {
    let temporary = try TemporaryFolder()
    let address = UnixAddress(folder: temporary.path, name: "app.sock")
    let listener = try address.listen(backlog: 1)
    let dying = LongThread(name: "dying app") {
      var poll = pollfd(fd: listener.number, events: Int16(POLLIN), revents: 0)
      _ = Glibc.poll(&poll, 1, 10_000)
      let connection = Descriptor(accept(listener.number, nil, nil))
      var request = [UInt8](repeating: 0, count: 4096)
      recv(connection.number, &request, request.count, 0)
      let text = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"
      send(connection.number, text, text.utf8.count, 0)
    }
    #expect(throws: LabError.system(attempt: "GET /list on \(address.path)", code: ECONNRESET)) {
      try AdminClient(address).get("/list")
    }
    dying.join()
  }

  @Test(arguments: ["", "HTTP/1.1 200 OK\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"])
  func whatIsNotHTTPIsRefused(text: String) {
    #expect(throws: LabError.protocolBroken("not an HTTP answer")) { try AdminClient.parse(Array(text.utf8)) }
  }

  @Test func aProcessThatDoesNotAnswerIsNotReady() throws {
    let temporary = try TemporaryFolder()
    let address = UnixAddress(folder: temporary.path, name: "app.sock")
    #expect(!AdminClient(address).isReady())
    let listener = try address.listen(backlog: 1)
    #expect(!AdminClient(address).isReady(limitMs: 20))
    withExtendedLifetime(listener) {}
  }

  @Test func theFreeDNSPortIsThePreferredOneWhenItIsFree() throws {
    let port = try #require(Gdnsd.freePort(preferred: 0))
    #expect(Gdnsd.freePort(preferred: port) == port)
    let taken = try ActivationSockets(port: port, count: 1, option: "--dns-port")
    #expect(Gdnsd.freePort(preferred: port) != port)
    withExtendedLifetime(taken) {}
  }
}
