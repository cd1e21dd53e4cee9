// A child gets its descriptors in order, its own pid, and dies with the thread that started it.

import Foundation
import Testing

@testable import Lab

@Suite struct SpawnTests {
  @Test func descriptorsArriveInOrderWhateverTheirNumbers() throws {
    let folder = try TemporaryFolder()
    let files = try ["a", "b", "c"].map { name in
      try folder.write(name, to: name)
      return (name, Descriptor(open(folder.path + "/" + name, O_RDONLY)))
    }
    // In every order, so that some target is always another's source.
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
      let sockets = order.map { files[$0] }
      let script = """
        cat <&3; cat <&4; cat <&5; echo " $LISTEN_FDS $LISTEN_FDNAMES"
        [ "$LISTEN_PID" = $$ ] && echo own-pid; ls /proc/$$/fd | wc -l
        """
      let output = try run(script, folder, sockets)
      let names = sockets.map(\.0)
      #expect(output == "\(names.joined()) 3 \(names.joined(separator: ":"))\nown-pid\n6\n")
      for (_, descriptor) in files { lseek(descriptor.number, 0, SEEK_SET) }
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
    #expect(waitpid(pid, &status, 0) == pid)
    #expect(status & 0x7F == SIGKILL)
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
    let pid = try plan("/bin/sh", ["-c", script], folder, sockets).spawn()
    waitpid(pid, nil, 0)
    return folder.read("log")
  }

  private func plan(
    _ program: String, _ arguments: [String], _ folder: TemporaryFolder, _ sockets: [(String, Descriptor)]
  ) -> LaunchPlan {
    LaunchPlan(
      executable: program, arguments: arguments, environment: Environment.inherited,
      workingDirectory: folder.path, sockets: sockets.map { (name: $0.0, descriptor: $0.1) },
      log: LogFile(path: folder.path + "/log"), isReady: { true })
  }
}
