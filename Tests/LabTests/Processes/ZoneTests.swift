// A zone's processes are our children, know only each other, and die with its power.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct ZoneTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func aCutKillsEverythingAtOnceAlsoWhatHasMadeItselfADaemon() throws {
    let zone = try ZoneSpace()
    // A child, one that left its group and session, and one whose parent is gone.
    let script = """
      (sleep 1000 & echo done) >child; setsid sleep 1001 & setsid sh -c 'sleep 1002 & sleep 0.01' &
      mv child ready; sleep 1003
      """
    let pid = try plan("/bin/sh", ["-c", script]).spawn(in: Seat(zone: zone))
    let space = try namespace(of: pid, "pid")
    #expect(eventually { inhabitants(of: space).count >= 6 })
    zone.cutPower()
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    #expect(status & 0x7F == SIGKILL)
    #expect(eventually { zone.hasEnded() })
    #expect(inhabitants(of: space) == [])
  }

  @Test func aProcessOfAZoneIsOurChildAndKnowsItsOwnPid() throws {
    let zone = try ZoneSpace()
    let script =
      "import os; print(os.getpid() == int(os.environ['LISTEN_PID']), os.path.samefile(f'/proc/{os.getpid()}/cwd', '.'), len([x for x in os.listdir('/proc') if x.isdigit()]))"
    let socket = Descriptor(open("/dev/null", O_RDONLY))
    var plan = plan("/usr/bin/env", ["python3", "-c", script])
    plan.sockets = [("none", socket)]
    let pid = try plan.spawn(in: Seat(zone: zone))
    var status: Int32 = 0
    #expect(waitpid(pid, &status, 0) == pid && status == 0)
    #expect(folder.read("log") == "True True 2\n")
  }

  @Test func enginesOfOneHostSeeTheSameFolderAndOthersDoNot() throws {
    let zone = try ZoneSpace()
    try folder.makeFolder("engines/database-a")
    var plan = plan("/bin/sh", ["-c", "ls /mnt; echo >/mnt/database-a/was-here; sleep 1000"])
    plan.binds = [Bind(source: folder.path + "/engines", target: "/mnt")]
    let first = try plan.spawn(in: Seat(zone: zone))
    #expect(
      eventually { FileManager.default.fileExists(atPath: folder.path + "/engines/database-a/was-here") })
    let mounts = Descriptor(open("/proc/\(first)/ns/mnt", O_RDONLY | O_CLOEXEC))
    let second = try self.plan("/bin/ls", ["/mnt/database-a"]).spawn(in: Seat(zone: zone, mounts: mounts))
    waitpid(second, nil, 0)
    let other = try self.plan("/bin/ls", ["/mnt"]).spawn(in: Seat(zone: zone))
    waitpid(other, nil, 0)
    #expect(folder.read("log") == "database-a\nwas-here\n" + (try listing(of: "/mnt")))
    zone.cutPower()
    waitpid(first, nil, 0)
  }

  @Test(.enabled(if: geteuid() == 0 && getpwnam(EngineUser.name) != nil))
  func asRootAnEngineIsAnotherUserWhoReachesItsFolderWhereverThatLies() throws {
    let zone = try ZoneSpace()
    try folder.makeFolder("engines/cache-a")
    chmod(folder.path, 0o700)
    let user = try #require(try EngineUser.current())
    try user.own(folder.path + "/engines/cache-a")
    var plan = plan(
      "/bin/sh", ["-c", "cd /mnt/cache-a && echo here >x && id -un && id -G | wc -w && ! kill -0 1"])
    plan.binds = [Bind(source: folder.path + "/engines", target: "/mnt")]
    plan.user = user
    let pid = try plan.spawn(in: Seat(zone: zone))
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    #expect(status == 0 && folder.read("engines/cache-a/x") == "here\n", "\(folder.read("log"))")
    #expect(folder.read("log").hasPrefix("postgres\n1\n"))
  }

  @Test func nothingStartsInAZoneWithoutPower() throws {
    let zone = try ZoneSpace()
    zone.cutPower()
    #expect(eventually { zone.hasEnded() })
    #expect(throws: LabError.self) { try plan("/bin/sleep", ["1000"]).spawn(in: Seat(zone: zone)) }
  }

  @Test func aZoneEndsWithTheThreadThatStartedIt() throws {
    let zones = OneValue<ZoneSpace>()
    LongThread(name: "parent") { zones.set((try? ZoneSpace())!) }.join()
    let zone = try #require(zones.value)
    #expect(eventually { zone.hasEnded() })
  }

  private func plan(_ program: String, _ arguments: [String]) -> LaunchPlan {
    LaunchPlan(
      executable: program, arguments: arguments, environment: ProcessEnvironment.inherited,
      workingDirectory: folder.path, log: LogFile(path: folder.path + "/log"), isReady: { true })
  }

  private func namespace(of pid: Int32, _ kind: String) throws -> String {
    try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(pid)/ns/\(kind)")
  }

  private func inhabitants(of space: String) -> [Int32] {
    let pids = ((try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []).compactMap {
      Int32($0)
    }
    return pids.filter { (try? namespace(of: $0, "pid")) == space }
  }

  private func listing(of path: String) throws -> String {
    try FileManager.default.contentsOfDirectory(atPath: path).sorted().map { $0 + "\n" }.joined()
  }
}
