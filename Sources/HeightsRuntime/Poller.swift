// What the kernel offers a loop: epoll for descriptors, a timerfd for deadlines, an eventfd to be woken by.

import CRuntime
import Glibc

/// What a descriptor is ready for, or what to wait for.
public struct IOEvents: OptionSet, Sendable {
  public let rawValue: UInt32
  public init(rawValue: UInt32) { self.rawValue = rawValue }
  /// There is something to read, or somebody to accept.
  public static let readable = IOEvents(rawValue: EPOLLIN.rawValue)
  /// There is room to write.
  public static let writable = IOEvents(rawValue: EPOLLOUT.rawValue)
  /// The peer will send nothing more: it has closed, or shut down its sending side.
  public static let peerClosed = IOEvents(rawValue: EPOLLRDHUP.rawValue)
  /// The connection is closed on both sides or the descriptor failed; reported whether asked for or not.
  public static let hangUp = IOEvents(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
}

/// A descriptor that a loop watches. Cancel it before closing the descriptor.
public final class Watch {
  fileprivate let descriptor: Int32
  fileprivate var handler: ((IOEvents) -> Void)?
  private unowned let poller: Poller

  fileprivate init(_ descriptor: Int32, _ poller: Poller, _ handler: @escaping (IOEvents) -> Void) {
    self.descriptor = descriptor
    self.poller = poller
    self.handler = handler
  }

  /// Changes what is waited for. No interest at all leaves only `hangUp`.
  public func update(_ interest: IOEvents) { poller.modify(self, interest) }

  /// Ends the watch: its handler is not called again. The descriptor stays open.
  public func cancel() { poller.remove(self) }
}

/// The loop's epoll instance. Used by the loop's thread only, except `wake()`.
final class Poller {
  private let epoll: Int32
  private let wakeEvent: Int32
  private let timer: Int32
  private var armed: Deadline?
  private var watches: [ObjectIdentifier: Watch] = [:]
  /// Watches cancelled during the current batch: the kernel's answer may still point at them.
  private var graveyard: [Watch] = []
  private var isGraveyardEmpty = true
  /// What the kernel answered: memory of its own, which is changed without a check for overlapping changes. `wait` fills
  /// it and `handle` reads as much as was filled.
  private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: Poller.eventsPerWait)
  private static let eventsPerWait = 256

  init() throws {
    epoll = try SystemError.check("epoll_create1", epoll_create1(Int32(EPOLL_CLOEXEC)))
    wakeEvent = try SystemError.check("eventfd", eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)))
    timer = try SystemError.check(
      "timerfd_create", timerfd_create(CLOCK_MONOTONIC, Int32(TFD_CLOEXEC | TFD_NONBLOCK)))
    _ = try add(wakeEvent, .readable) { [wakeEvent] _ in Poller.clear(wakeEvent) }
    _ = try add(timer, .readable) { [timer] _ in Poller.clear(timer) }
  }

  deinit {
    for descriptor in [epoll, wakeEvent, timer] { close(descriptor) }
    events.deallocate()
  }

  func add(
    _ descriptor: Int32, _ interest: IOEvents, _ handler: @escaping (IOEvents) -> Void
  ) throws -> Watch {
    let watch = Watch(descriptor, self, handler)
    try SystemError.check("epoll_ctl", control(EPOLL_CTL_ADD, watch, interest))
    watches[ObjectIdentifier(watch)] = watch
    return watch
  }

  fileprivate func modify(_ watch: Watch, _ interest: IOEvents) {
    guard watch.handler != nil else { return }
    _ = control(EPOLL_CTL_MOD, watch, interest)
  }

  fileprivate func remove(_ watch: Watch) {
    guard watch.handler != nil else { return }
    watch.handler = nil
    _ = control(EPOLL_CTL_DEL, watch, [])
    watches[ObjectIdentifier(watch)] = nil
    graveyard.append(watch)
    isGraveyardEmpty = false
  }

  /// Makes a wait return. From any thread.
  func wake() {
    var one: UInt64 = 1
    // A full counter means that the wake-up is pending already.
    _ = write(wakeEvent, &one, 8)
  }

  /// Waits for events, until `nextDeadline` at the latest.
  /// - Returns: how many there are for `handle`.
  func wait(blocking: Bool, nextDeadline: Deadline?) -> Int {
    if blocking { arm(nextDeadline) }
    return max(Int(epoll_wait(epoll, events, Int32(Poller.eventsPerWait), blocking ? -1 : 0)), 0)
  }

  /// Calls the handlers of what is ready.
  func handle(_ count: Int) {
    for index in 0..<count {
      let event = events[index]
      guard let pointer = event.data.ptr else { continue }
      // Alive: a watch is kept by `watches`, or by `graveyard` until this batch is over.
      Unmanaged<Watch>.fromOpaque(pointer)._withUnsafeGuaranteedRef {
        $0.handler?(IOEvents(rawValue: event.events))
      }
    }
    if !isGraveyardEmpty {
      graveyard.removeAll()
      isGraveyardEmpty = true
    }
  }

  private func control(_ operation: Int32, _ watch: Watch, _ interest: IOEvents) -> Int32 {
    var event = epoll_event()
    event.events = interest.rawValue
    event.data.ptr = Unmanaged.passUnretained(watch).toOpaque()
    return epoll_ctl(epoll, operation, watch.descriptor, &event)
  }

  private func arm(_ deadline: Deadline?) {
    guard armed != deadline else { return }
    armed = deadline
    var setting = itimerspec()
    if let deadline {
      let nanoseconds = max(deadline.uptimeNanoseconds, 1)
      setting.it_value = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    }
    timerfd_settime(timer, Int32(TFD_TIMER_ABSTIME), &setting, nil)
  }

  private static func clear(_ descriptor: Int32) {
    var count: UInt64 = 0
    _ = read(descriptor, &count, 8)
  }
}
