// What waits for its turn on a loop: jobs, and requests whose handlers are to run.

/// Elements in the order in which they came: a ring that doubles when it is full. Loop thread only.
///
/// A class with memory of its own rather than an array in what has it: each change is one store, so that Swift needn't
/// check at run time that no two of them overlap. Inlined into other modules: each of them makes its own of it, without which it
/// would ask what an element is with each request.
package final class Queue<Element> {
  @usableFromInline var ring = UnsafeMutablePointer<Element>.allocate(capacity: 64)
  /// A power of two.
  @usableFromInline var capacity = 64
  @usableFromInline var first = 0
  /// How many wait.
  @usableFromInline package internal(set) var count = 0

  /// Whether none waits.
  @inlinable package var isEmpty: Bool { count == 0 }

  /// Empty, with room for 64.
  package init() {}

  deinit {
    while popFirst() != nil {}
    ring.deallocate()
  }

  /// Takes its place behind all others.
  @inlinable package func append(_ element: Element) {
    if count == capacity { grow() }
    // Within the ring: the mask keeps every index below the capacity.
    (ring + ((first + count) & (capacity - 1))).initialize(to: element)
    count += 1
  }

  /// Takes the one that has waited longest; nil when none waits.
  @inlinable package func popFirst() -> Element? {
    guard count > 0 else { return nil }
    let element = (ring + first).move()
    first = (first + 1) & (capacity - 1)
    count -= 1
    return element
  }

  @usableFromInline func grow() {
    let larger = UnsafeMutablePointer<Element>.allocate(capacity: 2 * capacity)
    for index in 0..<count {
      (larger + index).moveInitialize(from: ring + ((first + index) & (capacity - 1)), count: 1)
    }
    ring.deallocate()
    ring = larger
    capacity *= 2
    first = 0
  }
}
