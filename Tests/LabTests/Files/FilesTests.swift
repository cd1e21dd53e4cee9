// Locks, state, secrets, logs and disk usage.

import Foundation
import TestSupport
import Testing
import Topology

@testable import Lab

@Suite struct FilesTests {
  private let temporary: TemporaryFolder
  private let folder: AppFolder

  init() throws {
    temporary = try TemporaryFolder()
    folder = try AppFolder(temporary.path)
    try folder.create()
  }

  @Test func aSecondRunIsRefusedAndToldWhoHoldsTheLock() throws {
    let lock = try RunLock(path: folder.lock)
    #expect(lock.stalePid == nil)
    #expect(throws: LabError.alreadyRunning(pid: getpid())) { try RunLock(path: folder.lock) }
    #expect(RunLock.isHeld(path: folder.lock))
    lock.release()
    #expect(!RunLock.isHeld(path: folder.lock))
    #expect(try RunLock(path: folder.lock).stalePid == nil)
  }

  @Test func aLockLeftByADeadRunIsTakenOverAndTold() throws {
    try temporary.write(#"{"pid": 4194300, "startTicks": 7, "bootID": "x"}"#, to: ".heights/lock")
    #expect(try RunLock(path: folder.lock).stalePid == 4_194_300)
  }

  @Test func aLockFileOfRubbishIsTakenOver() throws {
    try temporary.write("\u{0}rubbish", to: ".heights/lock")
    #expect(try RunLock(path: folder.lock).stalePid == nil)
  }

  @Test func stateComesBackAsItWasSaved() throws {
    #expect(try LabState.load(folder) == nil)
    var state = LabState()
    state.level = Level(.launchPage)
    state.openDoors = [.launch]
    state.scaledBy = ["web": .load, "posts": .hand]
    state.processes["app"] = ProcessIdentity.current
    try state.save(folder)
    #expect(try LabState.load(folder) == state)
  }

  @Test func aCopiedFolderHasNoProcessesAndAMovedOneKeepsThem() throws {
    var state = LabState()
    state.processes["app"] = ProcessIdentity.current
    try state.save(folder)
    let (copy, moved) = (temporary.path + ".copy", temporary.path + ".moved")
    defer { for path in [copy, moved] { try? FileManager.default.removeItem(atPath: path) } }
    try FileManager.default.copyItem(atPath: temporary.path, toPath: copy)
    #expect(try LabState.load(AppFolder(copy))?.processes.isEmpty == true)
    #expect(try LabState.load(folder)?.processes == state.processes)
    try FileManager.default.moveItem(atPath: temporary.path, toPath: moved)
    #expect(try LabState.load(AppFolder(moved))?.processes == state.processes)
  }

  @Test func brokenStateIsAnErrorAndNotAFreshStart() throws {
    try temporary.write("{\"stage\": 9", to: ".heights/state.json")
    let error = LabError.unreadableState(path: folder.state, reason: "not what `up` writes")
    #expect(throws: error) { try LabState.load(folder) }
  }

  @Test func aStageThatDoesNotRunYetIsRefused() throws {
    var state = LabState()
    state.level = Level(.sharded)
    try state.save(folder)
    let error = LabError.unreadableState(path: folder.state, reason: "stage 7 does not run yet")
    #expect(throws: error) { try LabState.load(folder) }
  }

  @Test func theSecretIsMadeOnceForItsOwnerOnly() throws {
    try Secret.ensure(folder)
    let secret = temporary.read(".heights/secret")
    #expect(secret.count == 64)
    #expect(secret.filter(\.isHexDigit) == secret)
    try Secret.ensure(folder)
    #expect(temporary.read(".heights/secret") == secret)
    var status = stat()
    #expect(stat(folder.secret, &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test func aLogIsSetAsideWhenItIsLargeWhileItsWriterGoesOn() throws {
    let log = LogFile(path: folder.log(of: "app"))
    let writer = try log.openForAppending()
    ftruncate(writer.number, off_t(LogFile.limitBytes + 1))
    log.rotateIfLarge()
    #expect(log.sizeBytes == 0)
    #expect(LogFile(path: log.path + ".1").sizeBytes == LogFile.limitBytes + 1)
    write(writer.number, "after\n", 6)
    #expect(log.lastLines() == "  after")
  }

  @Test func usageCountsFilesAndWarnsFromFourFifths() throws {
    try temporary.makeFolder("data/deep")
    try temporary.write("12345", to: "data/one")
    try temporary.write("123", to: "data/deep/two")
    symlink("/etc/passwd", temporary.path + "/data/link")
    #expect(DiskUsage.measure(temporary.path + "/data") == 8)
    #expect(DiskUsage.measure(temporary.path + "/nowhere") == 0)
    #expect(
      [79, 80, 99, 100].map { DiskUsage(usedBytes: $0, quotaBytes: 100).level } == [
        .normal, .warning, .warning, .full,
      ])
  }

  @Test func aPathThatIsNoFolderIsRefused() {
    #expect(throws: LabError.notAFolder("/no/such/folder")) { try AppFolder("/no/such/folder") }
    #expect(throws: LabError.notAFolder("/etc/passwd")) { try AppFolder("/etc/passwd") }
  }
}
