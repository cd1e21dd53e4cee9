// A server of a test's own, which ends with the test's process, however that ends.

import Foundation

package enum ServerProcess {
  /// Starts a program, found in the PATH unless it is a path; it says nothing.
  package static func start(_ words: [String], environment: [String: String] = [:]) throws -> pid_t {
    let server = Foundation.Process()
    server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    server.arguments = ["setpriv", "--pdeathsig=KILL"] + words
    server.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    server.standardOutput = FileHandle.nullDevice
    server.standardError = FileHandle.nullDevice
    let started = OneValue<Result<pid_t, any Error>>()
    let semaphore = DispatchSemaphore(value: 0)
    // From a thread that lives as long as the server, which gets a signal when that thread ends.
    Foundation.Thread.detachNewThread {
      started.set(
        Result {
          try server.run()
          return server.processIdentifier
        })
      semaphore.signal()
      // As long as the server lives, which is as long as this process at most.
      server.waitUntilExit()
    }
    semaphore.waitInTime(for: "\(words[0]) has begun")
    return try started.value?.get() ?? 0
  }
}
