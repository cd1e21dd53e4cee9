// heights shell: a way in to a host of the lab.

import Glibc
import Lab

extension Command {
  static let shell = Command(
    name: "shell",
    summary: "Open a shell on a host: its processes, its files, as the user that its engines are.",
    discussion: "`heights status` shows the hosts. What is piped in is carried out.",
    parameters: ["HOST"],
    options: [.app],
    example: "heights shell database-a"
  ) { arguments, _ in
    let host = arguments.parameters[0]
    let folder = try arguments.appFolder()
    let lab = try await onThread { try ControlClient(folder).send(.status) }
    guard let process = lab.processes.first(where: { $0.host == host && $0.pid != nil }),
      let pid = process.pid
    else {
      let known = Set(lab.processes.compactMap(\.host)).sorted()
      if known.contains(host) { throw NothingRuns(host: host) }
      throw LabError.unknownHost(host, known: known)
    }
    var details = stat()
    guard stat("/proc/\(pid)", &details) == 0 else {
      throw LabError.system(attempt: "looking at \(host)", code: errno)
    }
    try Passage.enter(lab, host: pid)
    // Into the other namespaces of its process, where the lab has made it some: its user's first, since that lets us into them.
    let spaces = ["mnt", "pid"].filter { Namespace.id(of: pid, $0) != Namespace.id(of: getpid(), $0) }.map {
      $0 == "mnt" ? "--mount" : "--pid"
    }
    let isForeign = Namespace.id(of: pid, "user") != Namespace.id(of: getpid(), "user")
    let identity =
      isForeign
      ? ["--user", "--preserve-credentials"]
      : geteuid() == 0 ? ["--setuid", "\(details.st_uid)", "--setgid", "\(details.st_gid)"] : []
    let words = ["--target", "\(pid)", "--wd"] + spaces + identity + ["/bin/sh"]
    try Handover.become(
      "nsenter", words, environment: ["HEIGHTS_HOST": host, "PS1": "\(host)$ "], package: "util-linux")
  }
}

/// A host without power, or whose processes are just being started.
private struct NothingRuns: Error, CustomStringConvertible {
  let host: String
  var description: String { "nothing runs on \(host) at present; `heights status` shows why" }
}
