// A loop as the executor of actors.

/// Runs actors on a loop's thread: give it out as their `unownedExecutor`, and keep the loop alive as long as they live.
///
/// It is apart from the loop, which is the executor of tasks: a task that came back from a wait by way of an actor's
/// executor would have to be queued a second time.
///
/// `@unchecked Sendable` is sound: `loop` is written once, before the loop is seen by anybody else.
public final class ActorExecutor: SerialExecutor, @unchecked Sendable {
  unowned var loop: EventLoop?

  public func enqueue(_ job: consuming ExecutorJob) {
    loop?.enqueue(LoopJob(job: UnownedJob(job), isOfActor: true))
  }

  public func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }
  public func checkIsolated() { loop?.checkIsolated() }
  public func isIsolatingCurrentContext() -> Bool? { loop?.isCurrent }
}
