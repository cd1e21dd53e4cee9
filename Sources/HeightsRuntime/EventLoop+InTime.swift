// Waiting no longer than until a deadline for what can't be stopped.

extension EventLoop {
  /// The result of `body`, or `late` once the deadline has passed: then `body` is cancelled, goes on as far as it has to, and
  /// nobody hears of it. Loop thread only.
  package func result<T: Sendable>(
    by deadline: Deadline, else late: any Error, of body: @escaping @Sendable () async throws -> T
  ) async throws -> T {
    let race = Race<T>()
    return try await withCheckedThrowingContinuation { continuation in
      race.continuation = continuation
      let timer = schedule(at: deadline) {
        race.task?.cancel()
        race.end(.failure(late))
      }
      race.task = Task.immediateDetached(executorPreference: self) {
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        timer.cancel()
        race.end(result)
      }
    }
  }
}

/// Whoever is first is heard. Touched on the loop's thread only, hence `@unchecked Sendable` is sound.
private final class Race<T: Sendable>: @unchecked Sendable {
  var continuation: CheckedContinuation<T, any Error>?
  var task: Task<Void, Never>?

  func end(_ result: Result<T, any Error>) {
    continuation?.resume(with: result)
    continuation = nil
    task = nil
  }
}
