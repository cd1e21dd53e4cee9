// A lab's life with real processes: up, crash, climb, resize, down.

import Foundation
import TestSupport
import Testing
import Topology

@testable import Lab

@Suite(.serialized) struct LabTests {
  @Test func stageTwoAnswersAndGoesDownWithoutALeftover() async throws {
    let lab = try await LabFixture()
    let loops = Machine.this.cores < 2 ? 1 : 2
    #expect(lab.get() == "2 \(loops) \(8 << 30)")
    let snapshot = try lab.client.send(.status)
    let app = try #require(snapshot.processes.first { $0.name == "app" })
    #expect(app.health == .ready)
    #expect(snapshot.openDoors == [.app])
    #expect(snapshot.topology.stage.number == 2)
    try lab.down()
    #expect(ProcessIdentity.of(try #require(app.pid)) == nil)
    #expect(try LabState.load(lab.folder)?.processes == [:])
    #expect(!RunLock.isHeld(path: lab.folder.lock))
    #expect(try !Lab.down(lab.folder) { _ in })
  }

  @Test func aSecondUpIsRefused() async throws {
    let lab = try await LabFixture()
    let error = #expect(throws: LabError.self) { try RunLock(path: lab.folder.lock) }
    #expect(error == .alreadyRunning(pid: getpid()))
  }

  @Test func aProcessThatDiesIsStartedAgain() async throws {
    let lab = try await LabFixture()
    _ = lab.get("/die")
    #expect(
      eventually { (try? lab.client.send(.status))?.processes.first { $0.name == "app" }?.restarts == 1 })
    #expect(lab.get() != nil)
  }

  @Test func aClimbMovesTheFrontDoorAndEachStepMayBeRepeated() async throws {
    let lab = try await LabFixture(stage: 1)
    #expect(lab.get()?.hasPrefix("1 ") == true)
    for request in [
      ControlRequest.launchProcess(role: .app, frontDoor: false), .drain(role: .launch),
      .openFrontDoor(role: .app),
      .retire(role: .launch), .setLevel(Level(.singleServer)),
    ] {
      try lab.client.send(request)
      try lab.client.send(request)
    }
    #expect(lab.get()?.hasPrefix("2 ") == true)
    let snapshot = try lab.client.send(.status)
    #expect(snapshot.stage.number == 2)
    #expect(snapshot.openDoors == [.app])
    #expect(!snapshot.processes.contains { $0.name == "launch" })
    // And it comes back there.
    let temporary = lab.temporary
    try lab.down()
    let again = try await LabFixture(in: temporary)
    #expect(again.get()?.hasPrefix("2 ") == true)
    try again.down()
    await #expect(throws: LabFixture.UpFailed.self) { try await LabFixture(stage: 1, in: temporary) }
  }

  @Test func aDrainedProcessIsLeftAsItIs() async throws {
    let lab = try await LabFixture(stage: 1)
    try lab.client.send(.launchProcess(role: .app, frontDoor: true))
    try lab.client.send(.drain(role: .launch))
    let drained = {
      (try? lab.client.send(.status))?.processes.first { $0.name == "launch" && $0.health == .starting }
    }
    #expect(eventually { drained() != nil })
    try lab.client.send(.launchProcess(role: .launch, frontDoor: false))
    #expect(drained()?.restarts == 0)
    // And it takes connections again when it is asked to.
    try lab.client.send(.launchProcess(role: .launch, frontDoor: true))
    try lab.client.send(.drain(role: .app))
    #expect(lab.get()?.hasPrefix("1 ") == true)
  }

  @Test func aProcessWithItsDoorOpenIsNotGivenUpWhenItFailsToStart() async throws {
    let lab = try await LabFixture()
    try lab.temporary.write(String(8 << 30), to: "refused-quota")
    _ = lab.get("/die")
    #expect(
      eventually { (try? lab.client.send(.status))?.processes.contains { $0.health == .waiting } == true })
    let error = #expect(throws: LabError.self) {
      try lab.client.send(.launchProcess(role: .app, frontDoor: false))
    }
    #expect(error?.code == "not_ready")
    try lab.temporary.write("0", to: "refused-quota")
    #expect(lab.get() != nil)
    #expect(try lab.client.send(.status).openDoors == [.app])
  }

  @Test func whatCouldNotBeSavedIsNotTakenForDone() async throws {
    let lab = try await LabFixture(stage: 1)
    // In the way of the file that is to have its name.
    try #require(unlink(lab.folder.state) == 0)
    try lab.temporary.makeFolder(".heights/state.json")
    let error = #expect(throws: LabError.self) { try lab.client.send(.setLevel(Level(.singleServer))) }
    #expect(error?.code == "system")
    #expect(try lab.client.send(.status).stage.number == 1)
    rmdir(lab.folder.state)
    try lab.client.send(.setLevel(Level(.singleServer)))
    #expect(try LabState.load(lab.folder)?.stage == .singleServer)
  }

  @Test func aResizeKeepsTheSocketsAndRefusesWhatCannotBe() async throws {
    let lab = try await LabFixture()
    let url = try lab.client.send(.status).appURL
    let snapshot = try lab.client.send(.resize(type: "m7g.medium", diskBytes: 100 << 30))
    #expect(snapshot.appURL == url)
    #expect(snapshot.instance.type == "m7g.medium")
    #expect(lab.get() == "2 1 \(100 << 30)")
    for (request, code) in [
      (ControlRequest.resize(type: "mainframe", diskBytes: nil), "unknown_instance_type"),
      (.resize(type: nil, diskBytes: 1), "disk_too_small"),
      (.resize(type: nil, diskBytes: 1 << 60), "disk_too_large"),
      (.setLevel(Level(.sharded)), "stage_not_yet"),
    ] {
      let error = #expect(throws: LabError.self) { try lab.client.send(request) }
      #expect(error?.code == code)
    }
    #expect(lab.get() == "2 1 \(100 << 30)")
  }

  @Test func aConnectionMadeDuringAResizeIsAnswered() async throws {
    let lab = try await LabFixture()
    let isResizing = OneValue<Bool>()
    isResizing.set(true)
    let client = lab.client
    let resize = LongThread(name: "resize") {
      _ = try? client.send(.resize(type: "m7g.medium", diskBytes: nil))
      isResizing.set(false)
    }
    var unanswered = 0
    while isResizing.value == true { unanswered += lab.get() == nil ? 1 : 0 }
    resize.join()
    #expect(unanswered == 0)
  }

  @Test func aResizeThatFailsGoesBack() async throws {
    let lab = try await LabFixture()
    let before = lab.get()
    try lab.temporary.write(String(9 << 30), to: "refused-quota")
    let error = #expect(throws: LabError.self) {
      try lab.client.send(.resize(type: "m7g.medium", diskBytes: 9 << 30))
    }
    #expect(error?.code == "resize_undone")
    #expect(error?.description.contains("quota refused") == true)
    #expect(lab.get() == before)
    #expect(try LabState.load(lab.folder)?.diskBytes == 8 << 30)
  }

  @Test func anAppThatDoesNotStartIsToldWithTheEndOfItsLog() async throws {
    let error = await #expect(throws: LabFixture.UpFailed.self) { try await LabFixture(run: "missing.py") }
    #expect(error?.message.contains("app did not become ready: it exited with code 2 three times") == true)
    #expect(error?.message.contains("missing.py") == true)
  }

  @Test func whatACrashedRunLeftIsEndedAndNothingElse() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    let plan = LaunchPlan(
      executable: "/bin/sleep", arguments: ["1000"], environment: [:], workingDirectory: "/",
      log: LogFile(path: folder.log(of: "app")), isReady: { true })
    let (own, other) = (try plan.spawn(), try plan.spawn())
    var state = LabState()
    state.processes["app"] = ProcessIdentity.of(own)
    let stranger = try #require(ProcessIdentity.of(other))
    state.processes["launch"] = ProcessIdentity(pid: other, startTicks: 1, bootID: stranger.bootID)
    try state.save(folder)
    #expect(try Lab.down(folder) { _ in })
    #expect(ProcessIdentity.of(own) == nil)
    #expect(stranger.isAlive)
    stranger.end(graceMs: 1000)
    for pid in [own, other] { waitpid(pid, nil, 0) }
  }

  @Test func whatACrashedRunsProcessHadStartedIsEndedAndNoOtherGroup() throws {
    let temporary = try TemporaryFolder()
    let folder = try AppFolder(temporary.path)
    try folder.create()
    var state = LabState()
    var workers: [String: Int32] = [:]
    for (name, variables) in [("app", ["HEIGHTS_SECRET_FILE": folder.secret]), ("launch", [:])] {
      let plan = LaunchPlan(
        executable: "/bin/sh", arguments: ["-c", "/bin/sleep 1000 & echo $! > \(name); wait"],
        environment: variables, workingDirectory: temporary.path, log: LogFile(path: folder.log(of: name)),
        isReady: { true })
      let pid = try plan.spawn()
      state.processes[name] = ProcessIdentity.of(pid)
      #expect(eventually { temporary.read(name).hasSuffix("\n") })
      workers[name] = Int32(temporary.read(name).filter(\.isNumber))
      // As the kernel does when the lab is killed.
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
    }
    try state.save(folder)
    let (own, stranger) = (try #require(workers["app"]), try #require(workers["launch"]))
    defer { for worker in [own, stranger] where ProcessIdentity.of(worker) != nil { kill(worker, SIGKILL) } }
    #expect(try Lab.down(folder) { _ in })
    #expect(eventually { ProcessIdentity.of(own) == nil })
    #expect(ProcessIdentity.of(stranger) != nil)
  }

  @Test(.enabled(if: Gdnsd.program != nil)) func dnsAnswersWithTheStaticAddress() async throws {
    let lab = try await LabFixture()
    #expect(
      eventually { (try? lab.client.send(.status))?.processes.first { $0.name == "dns" }?.health == .ready })
    let port = try #require(try lab.client.send(.status).dns.port)
    #expect(Gdnsd(name: "www.hut.test", port: port, folder: "").answers())
    #expect(!Gdnsd(name: "other.test", port: port, folder: "").answers())
  }

  @Test func metricsComeFromWhoeverHasTheDoor() async throws {
    let lab = try await LabFixture()
    let answer = try AdminClient(lab.folder.adminSocket(of: .app)).get("/metrics")
    #expect(AppMetrics(text: answer.text).answers == 7)
  }
}
