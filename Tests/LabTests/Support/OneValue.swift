// A value handed from one thread to another.

import Synchronization

final class OneValue<T: Sendable>: Sendable {
  private let held = Mutex<T?>(nil)

  var value: T? { held.withLock { $0 } }
  func set(_ value: T?) { held.withLock { $0 = value } }
}
