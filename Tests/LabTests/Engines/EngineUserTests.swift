// Who engines run as, looked up by many at once.

import Dispatch
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Lab

@Suite struct EngineUserTests {
  /// An engine whose folder was given to somebody else does not find its configuration.
  @Test(.enabled(if: geteuid() == 0, "only root gives folders away")) func manyWhoLookAtOnceSeeTheSameUser()
    throws
  {
    let first = try #require(try EngineUser.current())
    let strangers = Mutex<[EngineUser?]>([])
    DispatchQueue.concurrentPerform(iterations: 8) { _ in
      for _ in 0..<500 {
        let user = try? EngineUser.current()
        if user != first { strangers.withLock { $0.append(user) } }
      }
    }
    #expect(strangers.withLock { $0 } == [])
  }
}
