// The supervisor ends what it started, and what that has started.

import Foundation
import TestSupport
import Testing

@testable import Lab

@Suite struct SupervisorTests {
  @Test func whatAProcessLeavesBehindIsEndedWithIt() throws {
    let folder = try TemporaryFolder()
    let supervisor = Supervisor(
      plan: { _ in
        LaunchPlan(
          executable: "/bin/sh", arguments: ["-c", "sleep 1000 & echo $! > fresh; mv fresh pid; wait"],
          environment: Environment.inherited, workingDirectory: folder.path,
          log: LogFile(path: folder.path + "/log"), isReady: { access(folder.path + "/pid", F_OK) == 0 })
      }, notify: { _ in })
    supervisor.start()
    supervisor.want("app")
    #expect(eventually { supervisor.status(of: "app")?.health == .ready })
    let grandchild = try #require(Int32(folder.read("pid").filter(\.isNumber)))
    #expect(ProcessIdentity.of(grandchild) != nil)
    supervisor.stopAll()
    supervisor.join()
    #expect(eventually { ProcessIdentity.of(grandchild) == nil })
    #expect(supervisor.status(of: "app")?.lastEnd == "was ended by signal 15")
    if ProcessIdentity.of(grandchild) != nil { kill(grandchild, SIGKILL) }
  }
}
