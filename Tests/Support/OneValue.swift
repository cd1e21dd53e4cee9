// A value handed from one thread to another.

import Synchronization

package final class OneValue<T: Sendable>: Sendable {
  private let held = Mutex<T?>(nil)

  package init() {}

  package var value: T? { held.withLock { $0 } }
  package func set(_ value: T?) { held.withLock { $0 = value } }

  /// The value, which is gone afterwards.
  package func take() -> T? {
    held.withLock { value in
      defer { value = nil }
      return value
    }
  }
}
