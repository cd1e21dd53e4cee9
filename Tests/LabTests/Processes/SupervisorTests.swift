// The supervisor ends what it started, and what that has started, and starts it again with its zone's power.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct SupervisorTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func whatAProcessLeavesBehindIsEndedWithIt() throws {
    let supervisor = start("sleep 1000 & echo $! > fresh; mv fresh pid; wait", zone: nil)
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    let grandchild = try #require(Int32(folder.read("pid").filter(\.isNumber)))
    #expect(ProcessIdentity.of(grandchild) != nil)
    supervisor.stopAll()
    supervisor.join()
    #expect(eventually { ProcessIdentity.of(grandchild) == nil })
    #expect(supervisor.status(of: "app")?.lastEnd == "was ended by signal 15")
    if ProcessIdentity.of(grandchild) != nil { kill(grandchild, SIGKILL) }
  }

  @Test func aZoneComesBackWithItsPower() throws {
    let zones = Zones()
    let supervisor = start("echo > pid; setsid sleep 1000 & sleep 1000", zone: "a", zones)
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    let first = try #require(supervisor.status(of: "app")?.pid)
    #expect(eventually { zones.members(zone: "a", host: "host")?.count == 3 })
    supervisor.cutPower("a")
    #expect(eventually { supervisor.status(of: "app")?.health == .noPower })
    #expect(zones.dark == ["a"])
    #expect(ProcessIdentity.of(first) == nil)
    supervisor.restorePower("a")
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    #expect(supervisor.status(of: "app")?.restarts == 0)
    supervisor.stopAll()
    supervisor.join()
  }

  @Test func whatTheDaemonsOfAZoneAreIsEndedWithTheSupervisor() throws {
    let zones = Zones()
    let supervisor = start("setsid sh -c 'echo > pid; sleep 1001' & sleep 1000", zone: "a", zones)
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    let members = try #require(zones.members(zone: "a", host: "host"))
    #expect(members.count > 2)
    supervisor.stopAll()
    supervisor.join()
    #expect(members.allSatisfy { ProcessIdentity.of($0) == nil })
  }

  @Test func aReleasedProcessIsNotStartedAgain() throws {
    let supervisor = start("echo > pid; sleep 1000", zone: "a")
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    supervisor.release("app")
    #expect(eventually { supervisor.status(of: "app")?.isReleased == true })
    kill(try #require(supervisor.status(of: "app")?.pid), SIGKILL)
    #expect(eventually { supervisor.status(of: "app") == nil })
    supervisor.stopAll()
    supervisor.join()
  }

  @Test func aSuccessorRunsBesideWhoMadeRoomForIt() throws {
    let supervisor = start("echo > pid; sleep 1000", zone: "a")
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    let first = try #require(supervisor.status(of: "app")?.pid)
    supervisor.setAside("app")
    #expect(eventually { supervisor.status(of: "app.former")?.pid == first })
    supervisor.want("app", zone: "a")
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    #expect(ProcessIdentity.of(first) != nil)
    supervisor.unwant("app.former")
    #expect(eventually { supervisor.status(of: "app.former")?.health == .stopped })
    #expect(supervisor.status(of: "app")?.pid != first)
    supervisor.stopAll()
    supervisor.join()
  }

  /// As when a renewal is asked for again whose successor did not become ready.
  @Test func aSecondStepAsideLosesNobody() throws {
    let supervisor = start("echo > pid; sleep 1000", zone: nil)
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    let first = try #require(supervisor.status(of: "app")?.pid)
    supervisor.setAside("app")
    supervisor.want("app", zone: nil)
    #expect(eventually { supervisor.status(of: "app")?.pid.map { $0 != first } == true })
    let second = try #require(supervisor.status(of: "app")?.pid)
    supervisor.setAside("app")
    supervisor.unwant("app.former")
    #expect(eventually { ProcessIdentity.of(first) == nil })
    #expect(supervisor.status(of: "app")?.pid == second)
    supervisor.stopAll()
    supervisor.join()
    #expect(ProcessIdentity.of(second) == nil)
  }

  @Test func whatItSaysOfItselfIsToldUntilItsEnd() throws {
    let supervisor = start("echo > pid; sleep 1000", zone: nil)
    #expect(eventually { supervisor.status(of: "app")?.observation?.role == .leader })
    supervisor.unwant("app")
    #expect(eventually { supervisor.status(of: "app")?.health == .stopped })
    #expect(supervisor.status(of: "app")?.observation == nil)
    supervisor.stopAll()
    supervisor.join()
  }

  /// A supervisor of one process that is ready when a file named pid is there.
  private func start(_ script: String, zone: String?, _ zones: Zones = Zones()) -> Supervisor {
    let path = folder.path
    let supervisor = Supervisor(
      zones: zones,
      plan: { _ in
        LaunchPlan(
          executable: "/bin/sh", arguments: ["-c", script], environment: ProcessEnvironment.inherited,
          workingDirectory: path, log: LogFile(path: path + "/log"), zone: zone, host: "host",
          isReady: { access(path + "/pid", F_OK) == 0 },
          observe: { EngineObservation(role: .leader, lagBytes: nil) })
      }, notify: { _ in })
    supervisor.start()
    supervisor.want("app", zone: zone)
    return supervisor
  }
}
