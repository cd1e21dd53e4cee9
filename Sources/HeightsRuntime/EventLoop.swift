// The event loop: one thread, one epoll instance, one Swift executor. Nothing that starts on a loop leaves it.

import CRuntime
import Glibc
import Synchronization

/// What Swift wants to be run on a loop.
struct LoopJob {
  let job: UnownedJob
  /// Whether it belongs to an actor of the loop's, else to a task that prefers the loop.
  let isOfActor: Bool
}

/// What happens at the end of a tick, when there is something to do.
private struct EndOfTickHook {
  let number: Int
  let isPending: () -> Bool
  let leftover: () -> String?
  let work: () -> Void
}

/// One thread that waits for descriptors and timers and runs the Swift jobs that belong to it.
///
/// A task that has the loop as its executor preference starts, suspends and resumes on the loop's thread, so state
/// that only such tasks touch needs no lock. Everything marked "loop thread only" traps when called elsewhere.
///
/// `@unchecked Sendable` is sound: what is shared between threads (`remote`, `stopping`) is behind a mutex or an
/// atomic; the rest is touched by the loop's own thread alone, which every other entry checks: `lastNow` and what runs in
/// every tick in debug builds, `enqueue` by taking the way of other threads.
public final class EventLoop: TaskExecutor, @unchecked Sendable {
  /// The position of this loop in its group, from 0.
  public let index: Int
  /// Runs actors on this loop.
  public let actorExecutor = ActorExecutor()

  /// How many jobs run before descriptors get their turn.
  private static let jobsPerTurn = 1_024
  /// How often hooks that are pending get their turn before descriptors and jobs do. Two are enough for a request that
  /// asks a database.
  private static let hookTurnsPerTick = 2

  private let poller: Poller
  private let jobs = Queue<LoopJob>()
  private var isRunningJobs = false
  private var timers = TimerHeap()
  /// When the earliest timer is due.
  private var nextTimer: Deadline?
  private var hooks: [EndOfTickHook] = []
  private var lastHook = 0
  /// What the clock last said: at the beginning of the tick, or since. Loop thread only.
  package var lastNow: Deadline {
    assertIsolated()
    return clock
  }
  private var clock = Deadline.now
  /// When it began, and for how long it has slept since.
  private let beginning = Deadline.now
  private var sleptNanoseconds: UInt64 = 0

  private struct Remote {
    var jobs: [LoopJob] = []
    var work: [@Sendable () -> Void] = []
    var isEmpty: Bool { jobs.isEmpty && work.isEmpty }
  }
  private let remote = Mutex(Remote())
  private let remotePending = Atomic<Bool>(false)
  private let stopping = Atomic<Bool>(false)

  /// - Throws: `SystemError` when the kernel refuses a descriptor.
  init(index: Int) throws {
    self.index = index
    poller = try Poller()
    actorExecutor.loop = self
  }

  /// The loop that owns the calling thread, if one does.
  public static var current: EventLoop? {
    guard let pointer = heights_current_loop() else { return nil }
    return Unmanaged<EventLoop>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Whether the calling thread is this loop's.
  public var isCurrent: Bool { heights_current_loop() == Unmanaged.passUnretained(self).toOpaque() }

  // MARK: Work from any thread

  /// Runs `work` on the loop's thread, soon. From any thread; never runs it before returning.
  public func execute(_ work: @escaping @Sendable () -> Void) {
    remote.withLock { $0.work.append(work) }
    signalRemote()
  }

  /// Starts an async task that stays on this loop. On the loop's own thread its first part runs at once.
  public func spawn(_ body: @escaping @Sendable () async -> Void) {
    if isCurrent {
      Task.immediateDetached(executorPreference: self) { await body() }
    } else {
      Task.detached(executorPreference: self) { await body() }
    }
  }

  /// Runs `body` on this loop and comes back with its result.
  public func run<T: Sendable>(_ body: @escaping @Sendable () async throws -> T) async throws -> T {
    try await Task.detached(executorPreference: self) { try await body() }.value
  }

  /// Suspends the calling task for `ms` milliseconds.
  /// - Throws: `CancellationError` as soon as the task is cancelled.
  public func sleep(ms: Int) async throws {
    let wait = SleepingTask()
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        onLoop { wait.begin(continuation, on: self, afterMs: ms) }
      }
    } onCancel: {
      execute { wait.cancel() }
    }
  }

  /// Lets the calling task's loop see to its descriptors, timers and other jobs before the task goes on: for long work,
  /// between its pieces. Elsewhere it does nothing.
  public static func giveTurn() async {
    guard let loop = current else { return }
    // A timer, since jobs that are ready may run before the descriptors have been looked at.
    await withCheckedContinuation { continuation in
      loop.schedule(afterMs: 0) { continuation.resume() }
    }
  }

  /// Runs `work` at once when called on the loop's thread, else soon.
  package func onLoop(_ work: @escaping @Sendable () -> Void) {
    if isCurrent { work() } else { execute(work) }
  }

  // MARK: Descriptors, timers and hooks (loop thread only)

  /// Calls `handler` whenever `descriptor` is ready for what `interest` names, until the watch is cancelled.
  /// - Throws: `SystemError` when the kernel refuses the descriptor.
  public func watch(
    _ descriptor: Int32, _ interest: IOEvents, _ handler: @escaping (IOEvents) -> Void
  ) throws -> Watch {
    checkIsolated()
    return try poller.add(descriptor, interest, handler)
  }

  /// Calls `work` once, `afterMs` milliseconds from now, unless the timer is cancelled.
  @discardableResult
  public func schedule(afterMs: Int, _ work: @escaping () -> Void) -> Timer {
    schedule(at: .afterMs(afterMs), work)
  }

  /// Calls `work` once, at `deadline` to the nanosecond that the kernel keeps, unless the timer is cancelled.
  @discardableResult
  public func schedule(at deadline: Deadline, _ work: @escaping () -> Void) -> Timer {
    checkIsolated()
    let timer = Timer(deadline: deadline, work)
    timers.insert(timer)
    nextTimer = timers.next
    return timer
  }

  /// Calls `work` at the end of every tick from now on in which `isPending`: the place to flush what a tick has gathered.
  ///
  /// The loop does not sleep while it is pending, whoever made it so: another hook may.
  /// - Parameter leftover: what must never be left when the loop goes to sleep, found by a look at the thing itself and
  ///   not at what `isPending` remembers; nil for nothing. Debug builds ask it before each sleep, and trap.
  public func atEndOfTick(
    while isPending: @escaping () -> Bool, leftover: @escaping () -> String? = { nil },
    _ work: @escaping () -> Void
  ) {
    _ = hook(while: isPending, leftover: leftover, work)
  }

  /// The same for what ends before the loop does.
  /// - Returns: its number, for `endHook`.
  package func hook(
    while isPending: @escaping () -> Bool, leftover: @escaping () -> String?, _ work: @escaping () -> Void
  ) -> Int {
    checkIsolated()
    lastHook += 1
    hooks = hooks + [EndOfTickHook(number: lastHook, isPending: isPending, leftover: leftover, work: work)]
    return lastHook
  }

  /// Lets a hook, and what it holds, go after the tick.
  package func endHook(_ number: Int) {
    // Not now: hooks are perhaps having their turn.
    execute { [unowned self] in hooks.removeAll { $0.number == number } }
  }

  /// Looks at the clock, and remembers what it says.
  @discardableResult
  package func readClock() -> Deadline {
    assertIsolated()
    clock = .now
    return clock
  }

  // MARK: Executor

  public func enqueue(_ job: consuming ExecutorJob) {
    enqueue(LoopJob(job: UnownedJob(job), isOfActor: false))
  }

  func enqueue(_ job: LoopJob) {
    if isCurrent {
      jobs.append(job)
    } else {
      remote.withLock { $0.jobs.append(job) }
      signalRemote()
    }
  }

  public func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

  /// Traps off the loop's thread.
  public func checkIsolated() { precondition(isCurrent, "called off the event loop's thread") }

  /// The same in debug builds alone: for what runs with every request or statement.
  package func assertIsolated() { assert(isCurrent, "called off the event loop's thread") }

  // MARK: The loop

  /// Runs until `stop()`. Called once, on the loop's own thread. Lets go of what hooks and timers hold at its end.
  func runUntilStopped() {
    heights_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
    while !stopping.load(ordering: .acquiring) { tick() }
    hooks = []
    timers = TimerHeap()
    heights_set_current_loop(nil)
  }

  /// Whether it has been told to end: what it is given from now on may never run.
  package var isStopped: Bool { stopping.load(ordering: .acquiring) }

  /// Ends the loop after its current tick. From any thread.
  func stop() {
    stopping.store(true, ordering: .releasing)
    poller.wake()
  }

  private func tick() {
    let ready = wait()
    poller.handle(ready)
    takeRemote()
    if let nextTimer, nextTimer <= lastNow { fireTimers() }
    runJobs()
    endTick()
  }

  /// Waits for descriptors and timers, and counts how long it slept.
  private func wait() -> Int {
    guard maySleep() else {
      defer { readClock() }
      return poller.wait(blocking: false, nextDeadline: nextTimer)
    }
    let asleep = readClock()
    let ready = poller.wait(blocking: true, nextDeadline: nextTimer)
    sleptNanoseconds += readClock().uptimeNanoseconds - asleep.uptimeNanoseconds
    return ready
  }

  /// Nanoseconds since it was made in which it did not sleep, up to now. Loop thread only.
  var busyNanoseconds: UInt64 {
    readClock().uptimeNanoseconds - beginning.uptimeNanoseconds - sleptNanoseconds
  }

  /// Whether nothing is left that only the next tick would see to. What other threads leave wakes the loop up.
  private func maySleep() -> Bool {
    guard jobs.isEmpty, !hooks.contains(where: { $0.isPending() }) else { return false }
    assert(leftover == nil, "the loop would sleep with \(leftover ?? "nothing") left")
    return true
  }

  private var leftover: String? { hooks.lazy.compactMap { $0.leftover() }.first }

  /// Hooks make work for each other: a request that is read at the end of a tick asks a database, whose hook has run.
  private func endTick() {
    for _ in 0..<EventLoop.hookTurnsPerTick {
      var wasPending = false
      for index in hooks.indices where hooks[index].isPending() {
        hooks[index].work()
        wasPending = true
      }
      if !wasPending { return }
    }
  }

  private func fireTimers() {
    while let timer = timers.popExpired(at: lastNow) {
      timer.fire()
      readClock()
    }
    nextTimer = timers.next
  }

  /// Runs what is ready, and what that makes ready, within a budget: descriptors must get their turn too.
  /// Loop thread only; called from within a job it does nothing.
  package func runJobs() {
    assertIsolated()
    guard !isRunningJobs, !jobs.isEmpty else { return }
    isRunningJobs = true
    for _ in 0..<EventLoop.jobsPerTurn {
      guard let job = jobs.popFirst() else { break }
      run(job)
    }
    isRunningJobs = false
  }

  private func run(_ job: LoopJob) {
    if job.isOfActor {
      job.job.runSynchronously(
        isolatedTo: actorExecutor.asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    } else {
      job.job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }

  private func signalRemote() {
    if !remotePending.exchange(true, ordering: .acquiringAndReleasing) { poller.wake() }
  }

  private func takeRemote() {
    // A look is cheaper than an exchange. What it misses comes with the next tick: whoever set it wakes the loop up.
    guard remotePending.load(ordering: .relaxed),
      remotePending.exchange(false, ordering: .acquiringAndReleasing)
    else { return }
    var taken = Remote()
    remote.withLock { swap(&$0, &taken) }
    for job in taken.jobs { jobs.append(job) }
    for work in taken.work { work() }
  }
}

/// A task that sleeps on a loop. Touched on that loop's thread only, hence `@unchecked Sendable` is sound.
private final class SleepingTask: @unchecked Sendable {
  private var continuation: CheckedContinuation<Void, any Error>?
  private var timer: Timer?
  private var cancelled = false

  func begin(_ continuation: CheckedContinuation<Void, any Error>, on loop: EventLoop, afterMs: Int) {
    if cancelled { return continuation.resume(throwing: CancellationError()) }
    self.continuation = continuation
    timer = loop.schedule(afterMs: afterMs) { self.end(.success(())) }
  }

  func cancel() {
    cancelled = true
    timer?.cancel()
    end(.failure(CancellationError()))
  }

  private func end(_ result: Result<Void, any Error>) {
    continuation?.resume(with: result)
    continuation = nil
  }
}
