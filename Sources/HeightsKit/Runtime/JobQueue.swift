// The jobs that a loop has to run.

/// What Swift wants to be run on a loop.
struct Job {
  let job: UnownedJob
  /// Whether it belongs to an actor of the loop's, else to a task that prefers the loop.
  let isOfActor: Bool
}

/// Jobs in the order in which they came: a ring that doubles when it is full. Loop thread only.
///
/// A class with memory of its own rather than an array in the loop: each change is one store, so that Swift needn't
/// check at run time that no two of them overlap.
final class JobQueue {
  private var ring = UnsafeMutablePointer<Job>.allocate(capacity: 64)
  /// A power of two.
  private var capacity = 64
  private var first = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }

  // Nothing to deinitialize: jobs are plain values.
  deinit { ring.deallocate() }

  func append(_ job: Job) {
    if count == capacity { grow() }
    // Within the ring: the mask keeps every index below the capacity.
    (ring + ((first + count) & (capacity - 1))).initialize(to: job)
    count += 1
  }

  func popFirst() -> Job? {
    guard count > 0 else { return nil }
    let job = ring[first]
    first = (first + 1) & (capacity - 1)
    count -= 1
    return job
  }

  private func grow() {
    let larger = UnsafeMutablePointer<Job>.allocate(capacity: 2 * capacity)
    for index in 0..<count { (larger + index).initialize(to: ring[(first + index) & (capacity - 1)]) }
    ring.deallocate()
    ring = larger
    capacity *= 2
    first = 0
  }
}
