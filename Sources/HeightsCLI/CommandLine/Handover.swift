// Commands that end by being another program.

import Glibc
import Lab

enum Handover {
  /// Becomes a program of PATH, with our terminal, and with these variables beside ours.
  /// - Parameter package: what brings it, for when it is not installed.
  static func become(
    _ program: String, _ arguments: [String], environment: [String: String], package: String
  ) throws(LabError) -> Never {
    for (name, value) in environment { setenv(name, value, 1) }
    // Threads that others have started for us hear none, and the mask goes along.
    Passage.hearSignals()
    var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    execvp(program, &words)
    let code = errno
    for word in words { free(word) }
    if code == ENOENT { throw .engineMissing(engine: program, package: package) }
    throw .system(attempt: "starting \(program)", code: code)
  }
}
