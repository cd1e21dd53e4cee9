// Passwords are hashed slowly, off the loops, a bounded number at once, and the answer tells nothing but yes or no.

import HeightsKit
import Testing

@Suite struct PasswordsTests {
  @Test func onlyTheRightPasswordFitsItsHash() async throws {
    let passwords = try Passwords(parallel: 1)
    let hash = try await passwords.hash("correct horse\0battery \u{e4}")
    #expect(hash.hasPrefix("$argon2id$v=19$m=19456,t=2,p=1$"))
    #expect(try await passwords.hash("correct horse\0battery \u{e4}") != hash)
    #expect(try await passwords.verify("correct horse\0battery \u{e4}", hash: hash))
    for wrong in [
      "", "correct horse", "correct horse\0battery", "Correct horse\0battery \u{e4}",
      "correct horse\0battery a\u{308}",
    ] {
      #expect(try await passwords.verify(wrong, hash: hash) == false)
    }
  }

  @Test func withoutAnAccountTheAnswerIsNo() async throws {
    let passwords = try Passwords(parallel: 1)
    #expect(try await passwords.verify("any", hash: nil) == false)
    // Not even with what the stand-in was made of.
    #expect(try await passwords.verify("nobody has this password", hash: nil) == false)
    for broken in ["", "$argon2id$", "plain", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$"] {
      #expect(try await passwords.verify("any", hash: broken) == false)
    }
  }

  @Test func moreThanTheQueueHoldsAreRefused() async throws {
    let passwords = try Passwords(parallel: 1, queueLimit: 2)
    let results = await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do {
            _ = try await passwords.hash("password")
            return true
          } catch {
            #expect(error is Overloaded)
            return false
          }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.contains(true))
    #expect(results.contains(false))
    #expect(try await passwords.verify("after", hash: nil) == false)
  }

  @Test func howeverManyNewcomersWaitAMemberIsHeard() async throws {
    let passwords = try Passwords(parallel: 1, queueLimit: 2)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<20 {
        group.addTask {
          do {
            _ = try await passwords.hash("password", for: .newcomers)
            return true
          } catch is Overloaded { return false }
        }
      }
      while try await group.next() == true {}
      // One was refused: the queue of newcomers is full.
      #expect(try await passwords.verify("password", hash: nil) == false)
      _ = try await passwords.hash("another password")
    }
  }

  @Test func aLoopGoesOnWhileAPasswordIsHashed() async throws {
    let (passwords, group) = (try Passwords(parallel: 1), try EventLoopGroup(count: 1))
    let ticks = try await group.loops[0].run {
      async let hash = passwords.hash("password")
      var ticks = 0
      for _ in 0..<5 {
        try await Task.sleep(for: .milliseconds(1))
        ticks += 1
      }
      _ = try await hash
      return ticks
    }
    #expect(ticks == 5)
    await group.shutdown()
  }
}
