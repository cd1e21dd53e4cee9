// How many files and connections a process may have open.

import Glibc

enum OpenFiles {
  /// Raises this process's limit as far as the system lets it: a server has a descriptor for each connection, and the
  /// usual limit of 1,024 is there for programs that wait with select(2).
  static func raiseLimit() {
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
    limit.rlim_cur = limit.rlim_max
    setrlimit(resource, &limit)
  }
}
