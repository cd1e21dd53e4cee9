// A child gets its descriptors in order, its own pid, and dies with the thread that started it.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct SpawnTests {
  @Test func descriptorsArriveInOrderWhateverTheirNumbers() throws {
    let folder = try TemporaryFolder()
    // So many that the numbers that they have here and those that they get there overlap.
    let files = try (0..<64).map { number in
      try folder.write("\(number) ", to: "file\(number)")
      return ("n\(number)", Descriptor(open("\(folder.path)/file\(number)", O_RDONLY)))
    }
    for sockets in [files, files.reversed()] {
      let names = sockets.map(\.0)
      let output = try run(
        """
        import os
        print("".join(os.pread(fd, 9, 0).decode() for fd in range(3, 67)) + os.environ["LISTEN_FDS"])
        print(os.environ["LISTEN_FDNAMES"], os.environ["LISTEN_PID"] == str(os.getpid()))
        print(sorted(map(int, os.listdir("/proc/self/fd")))[:-1] == list(range(67)))
        """, folder, sockets)
      let texts = names.map { $0.dropFirst() + " " }.joined()
      #expect(output == "\(texts)64\n\(names.joined(separator: ":")) True\nTrue\n")
    }
  }

  @Test func aProgramThatCannotBeStartedIsAnError() throws {
    let folder = try TemporaryFolder()
    let plan = plan("/no/such/program", [], folder, [])
    #expect(throws: LabError.system(attempt: "starting /no/such/program", code: ENOENT)) { try plan.spawn() }
  }

  @Test func aChildDiesWithTheThreadThatStartedIt() throws {
    let folder = try TemporaryFolder()
    let plan = plan("/bin/sleep", ["1000"], folder, [])
    let pids = OneValue<Int32>()
    LongThread(name: "parent") {
      pids.set((try? plan.spawn()) ?? -1)
    }.join()
    let pid = try #require(pids.value)
    try #require(pid > 0)
    var status: Int32 = 0
    let hasEnded = eventually { waitpid(pid, &status, WNOHANG) == pid }
    #expect(hasEnded && status & 0x7F == SIGKILL)
    if !hasEnded { kill(pid, SIGKILL) }
  }

  @Test func anIdentityIsOfOneProcessOnly() throws {
    let folder = try TemporaryFolder()
    let pid = try plan("/bin/sleep", ["1000"], folder, []).spawn()
    let identity = try #require(ProcessIdentity.of(pid))
    #expect(identity.isAlive)
    let stranger = ProcessIdentity(pid: pid, startTicks: identity.startTicks + 1, bootID: identity.bootID)
    #expect(!stranger.isAlive)
    stranger.end(graceMs: 10)
    #expect(identity.isAlive)
    identity.end(graceMs: 5000)
    #expect(!identity.isAlive)
    waitpid(pid, nil, 0)
    #expect(ProcessIdentity.of(pid) == nil)
  }

  private func run(_ script: String, _ folder: TemporaryFolder, _ sockets: [(String, Descriptor)]) throws
    -> String
  {
    try? FileManager.default.removeItem(atPath: folder.path + "/log")
    let pid = try plan("/usr/bin/env", ["python3", "-c", script], folder, sockets).spawn()
    waitpid(pid, nil, 0)
    return folder.read("log")
  }

  private func plan(
    _ program: String, _ arguments: [String], _ folder: TemporaryFolder, _ sockets: [(String, Descriptor)]
  ) -> LaunchPlan {
    LaunchPlan(
      executable: program, arguments: arguments, environment: ProcessEnvironment.inherited,
      workingDirectory: folder.path, sockets: sockets.map { (name: $0.0, descriptor: $0.1) },
      log: LogFile(path: folder.path + "/log"), isReady: { true })
  }
}
