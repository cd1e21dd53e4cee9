// The command line starts here: off the main actor, since event loops can't be started from it.

import Foundation
import Glibc
import Lab

// What the user has set for libpq would lead us and the apps to other servers, or ask of the lab's what they don't have.
for name in ProcessInfo.processInfo.environment.keys where name.hasPrefix("PG") { unsetenv(name) }

// Before there is a second thread.
do { try Passage.take() } catch {
  FileHandle.standardError.write(Data("heights: \(error)\n".utf8))
  exit(1)
}

let words = Array(CommandLine.arguments.dropFirst())
exit(await Task.detached { await Heights.run(words, Output.standard) }.value)
