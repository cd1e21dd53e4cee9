// The way into a lab's own network. A process of somebody who is not root can go there only while it has one thread: so it
// begins anew, and goes first of all.

import CRuntime
import Foundation

/// Where a process of `heights` goes as it begins anew.
public enum Passage {
  private static let variable = "HEIGHTS_PASSAGE"
  private static let leaving = "leave"
  private static let entering = "enter"

  /// Goes where this process was told to go as it began anew; nothing when it was not. Only while there is one thread.
  /// - Throws: when the system refuses it.
  public static func take() throws {
    guard let words = ProcessInfo.processInfo.environment[variable]?.split(separator: " ") else { return }
    unsetenv(variable)
    let numbers = words.dropFirst().compactMap { Int32($0) }
    switch words.first.map(String.init) {
    case leaving where numbers.count == 1: try leave(doorkeeper: Descriptor(numbers[0]))
    case entering where !numbers.isEmpty: try enter(numbers)
    default: throw LabError.protocolBroken("\(variable) is for Heights alone, and is '\(words)'")
    }
  }

  private static func leave(doorkeeper: Descriptor) throws(LabError) {
    _ = fcntl(doorkeeper.number, F_SETFD, FD_CLOEXEC)
    let code = heights_leave_network()
    if code < 0 { throw .system(attempt: "making the lab a network of its own", code: -code) }
    Door.keep(by: doorkeeper)
  }

  /// The lab's network first, then that of one of its hosts, whose user has no way out again.
  private static func enter(_ pids: [Int32]) throws(LabError) {
    for (index, pid) in pids.enumerated() {
      let isForeign = Namespace.id(of: pid, "user") != Namespace.id(of: getpid(), "user")
      let code = heights_enter_network(pid, index == 0 && isForeign ? 1 : 0)
      if code < 0 { throw .system(attempt: "going into the network of process \(pid)", code: -code) }
    }
  }

  /// Whether this process is in a network that was made for it.
  public static var isTaken: Bool { Door.isKept }

  // MARK: Beginning anew

  /// Begins this program anew in a network of its own, with somebody who opens doors in the one that it leaves.
  public static func leave() throws(LabError) -> Never {
    let channel = heights_start_doorkeeper()
    if channel < 0 { throw .system(attempt: "starting the doorkeeper", code: -channel) }
    _ = fcntl(channel, F_SETFD, 0)
    try beginAnew("\(leaving) \(channel)")
  }

  /// Why a lab can have no network of its own on this machine; nil where it can.
  public static var reason: String? {
    let code = heights_can_leave_network()
    if code == 0 { return nil }
    return "the system refuses network namespaces (\(String(cString: strerror(-code))))"
  }

  /// Begins this program anew in a lab's network, or in that of a process of its hosts. Returns only where it is there
  /// already: as a rule, where the lab has none of its own.
  public static func enter(_ lab: LabSnapshot, host: Int32? = nil) throws(LabError) {
    let goal = host ?? lab.supervisorPid
    guard let there = Namespace.id(of: goal, "net"), there != Namespace.id(of: getpid(), "net") else {
      return
    }
    try beginAnew("\(entering) \(lab.supervisorPid)" + (host.map { " \($0)" } ?? ""))
  }

  /// Whatever the calling thread becomes hears all signals.
  public static func hearSignals() { heights_hear_signals() }

  private static var program: String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
  }

  private static func beginAnew(_ passage: String) throws(LabError) -> Never {
    setenv(variable, passage, 1)
    // Threads that others have started for us hear none, and the mask goes along.
    hearSignals()
    var words: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) } + [nil]
    // By its own name, which `ps` shows.
    execv(program ?? "/proc/self/exe", &words)
    let code = errno
    for word in words { free(word) }
    throw .system(attempt: "starting heights anew", code: code)
  }
}

/// Which namespaces processes are in.
public enum Namespace {
  /// Tells the namespace of a process from others of its kind (`net`, `user`, `mnt`, `pid`); nil when we may not know.
  public static func id(of pid: Int32, _ kind: String) -> String? {
    var name = [CChar](repeating: 0, count: 64)
    let count = readlink("/proc/\(pid)/ns/\(kind)", &name, name.count)
    return count < 0 ? nil : String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
