// What is said over the control socket, by friends and by others.

import Foundation
import TestSupport
import Testing
import Topology

@testable import Lab

@Suite struct ControlTests {
  @Test(arguments: [
    (ControlRequest.status, #"{"verb":"status"}"#),
    (.stop, #"{"verb":"stop"}"#),
    (.resize(type: "m7g.large", diskBytes: 7), #"{"diskBytes":7,"type":"m7g.large","verb":"resize"}"#),
    (
      .launchProcess(role: .app, frontDoor: false),
      #"{"frontDoor":false,"role":"app","verb":"launchProcess"}"#
    ),
    (.openFrontDoor(role: .app), #"{"role":"app","verb":"openFrontDoor"}"#),
    (.drain(role: .launch), #"{"role":"launch","verb":"drain"}"#),
    (.retire(role: .launch), #"{"role":"launch","verb":"retire"}"#),
    (.setLevel(Level(.singleServer)), #"{"stage":2,"verb":"setStage"}"#),
    (
      .startHosts(["database-a", "database-b"], Level(.replicated)),
      #"{"hosts":["database-a","database-b"],"stage":4,"verb":"startHosts"}"#
    ),
    (.startHost("cache-a"), #"{"hosts":["cache-a"],"verb":"startHosts"}"#),
    (.stopHost("cache-a"), #"{"host":"cache-a","verb":"stopHost"}"#),
    (.scale(service: "web", count: 3), #"{"count":3,"service":"web","verb":"scale"}"#),
    (.scaleByLoad(service: "web"), #"{"service":"web","verb":"scaleByLoad"}"#),
    (.setPlacement("{}", ifEpoch: 4), #"{"ifEpoch":4,"placement":"{}","verb":"setPlacement"}"#),
    (.watchPower(zone: "local-a"), #"{"verb":"watchPower","zone":"local-a"}"#),
    (.cutPower(zone: "local-a"), #"{"verb":"cutPower","zone":"local-a"}"#),
    (.restorePower(zone: "local-a"), #"{"verb":"restorePower","zone":"local-a"}"#),
    (.freeze(host: "database-a"), #"{"host":"database-a","verb":"freeze"}"#),
    (.thaw(host: "database-a"), #"{"host":"database-a","verb":"thaw"}"#),
    (.loseDisk(host: "database-a"), #"{"host":"database-a","verb":"loseDisk"}"#),
    (
      .noteTrial(.init(service: "posts", release: 2, share: 0.5)),
      #"{"trial":{"new":{"failed":0,"requests":0},"release":2,"service":"posts","share":0.5,"#
        + #""staying":{"failed":0,"requests":0},"verdict":"judging"},"verb":"noteTrial"}"#
    ),
    (
      .setClock(host: "database-a", aheadSeconds: 3_600),
      #"{"aheadSeconds":3600,"host":"database-a","verb":"setClock"}"#
    ),
    (
      .limitTable(TableLimits(perSecond: 5, delayMs: 300)),
      #"{"limits":{"delayMs":300,"perSecond":5},"verb":"limitTable"}"#
    ),
    (.crash("database-a"), #"{"process":"database-a","verb":"crash"}"#),
    (.addRelease(from: "app"), #"{"folder":"app","verb":"addRelease"}"#),
    (
      .runRelease(3, processes: ["server-a"]),
      #"{"processes":["server-a"],"release":3,"verb":"runRelease"}"#
    ),
    (.settleRelease(3), #"{"release":3,"verb":"settleRelease"}"#),
    (.dropRelease(fault: "it fails"), #"{"fault":"it fails","verb":"dropRelease"}"#),
    (.dropRelease(fault: nil), #"{"verb":"dropRelease"}"#),
  ])
  func aRequestIsOneFlatObject(request: ControlRequest, json: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(request), as: UTF8.self) == json)
    #expect(try JSONDecoder().decode(ControlRequest.self, from: Data(json.utf8)) == request)
  }

  @Test(arguments: [
    ("\n", "not a request: "),
    ("rubbish\n", "not a request: rubbish"),
    ("[]\n", "not a request: []"),
    ("{\"verb\": \"explode\"}\n", "unknown verb 'explode'"),
    (
      "{\"verb\": \"drain\", \"role\": \"root\"}\n",
      "not a request: {\"verb\": \"drain\", \"role\": \"root\"}"
    ),
    (String(repeating: "x", count: 100_000), "a line of more than 65536 bytes"),
  ])
  func hostileInputIsAnsweredWithAnError(input: String, problem: String) throws {
    let server = try RunningControlServer()
    let reply = try server.say(input)
    #expect(reply == .failed(.protocolBroken(problem)))
  }

  /// On this side of the socket as on the other: its code, whether another call mends it, whether to try again.
  @Test(arguments: [
    LabError.stopping, .busy(operation: "resize"), .diskTooSmall(askedBytes: 1, currentBytes: 2),
  ])
  func anErrorArrivesWhole(error: LabError) throws {
    let line = try JSONEncoder().encode(ControlReply.failed(error))
    #expect(try JSONDecoder().decode(ControlReply.self, from: line) == .failed(error))
  }

  @Test func aConnectionThatEndsEarlyHarmsNobody() throws {
    let server = try RunningControlServer()
    for _ in 0..<50 { _ = try server.address.connect() }
    #expect(
      eventually {
        (try? server.say("{\"verb\": \"drain\", \"role\": \"app\"}\n"))
          == .failed(.stopping)
      })
  }

  @Test func tooManyConnectionsAreTurnedAwayAndLaterServedAgain() throws {
    let server = try RunningControlServer()
    var held: [Descriptor] = []
    #expect(
      eventually {
        if let connection = try? server.address.connect() { held.append(connection) }
        return (try? server.say("{\"verb\": \"status\"}\n"))
          == .failed(.busy(operation: "too much"))
      })
    held = []
    #expect(
      eventually {
        (try? server.say("{\"verb\": \"status\"}\n"))
          == .failed(.stopping)
      })
  }

  @Test func withoutALabTheClientSaysSo() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    #expect(throws: LabError.notRunning(folder: folder.path)) { try ControlClient(folder).send(.status) }
    try folder.create()
    // A socket that a crashed run left.
    _ = try folder.controlSocket.listen(backlog: 1)
    #expect(throws: LabError.notRunning(folder: folder.path)) { try ControlClient(folder).send(.status) }
  }
}

/// A control server whose lab is always stopping.
private final class RunningControlServer {
  let temporary: TemporaryFolder
  let address: UnixAddress
  private let server: ControlServer
  private let thread: LongThread

  init() throws {
    temporary = try TemporaryFolder()
    address = UnixAddress(folder: temporary.path, name: "control.sock")
    server = try ControlServer(address) { _, _ throws(LabError) in throw .stopping }
    thread = server.start()
  }

  deinit {
    server.stop()
    thread.join()
  }

  func say(_ text: String) throws -> ControlReply {
    let exchange = Exchange(try address.connect(), limitMs: 10_000, what: "talking")
    // A server that has heard enough may hang up before the end of it.
    try? exchange.write(Array(text.utf8))
    var pending: [UInt8] = []
    let line = try ControlLine.read(from: exchange, pending: &pending, limitBytes: 1 << 20)
    return try JSONDecoder().decode(ControlReply.self, from: Data(line))
  }
}
