// What a process holds of bodies that have arrived and are not handled yet, and how much that may be.

import Synchronization

/// A budget that all servers of a process share. A body that would go beyond it is refused, whatever its own limit is:
/// many that each keep to theirs take no more than this together.
final class ReceivedBytes: Sendable {
  static let ofProcess = ReceivedBytes()

  /// In memory and in temporary files.
  private let limitBytes: Int
  /// From here on bodies go to files at once.
  private let memoryLimitBytes: Int
  /// Of one client address, beyond what each body may hold in memory.
  private let addressLimitBytes: Int
  private let held = Atomic<Int>(0)
  private let inMemory = Atomic<Int>(0)
  private let byAddress = Mutex<[String: Int]>([:])

  init(limitBytes: Int = 256 << 20, memoryLimitBytes: Int = 32 << 20, addressLimitBytes: Int = 64 << 20) {
    self.limitBytes = limitBytes
    self.memoryLimitBytes = memoryLimitBytes
    self.addressLimitBytes = addressLimitBytes
  }

  var heldBytes: Int { held.load(ordering: .relaxed) }
  /// What of it is in memory.
  var memoryBytes: Int { inMemory.load(ordering: .relaxed) }
  var isMemoryScarce: Bool { memoryBytes > memoryLimitBytes }

  func take(_ bytes: Int) throws(Refusal) {
    guard held.add(bytes, ordering: .relaxed).newValue > limitBytes else { return }
    held.subtract(bytes, ordering: .relaxed)
    throw .processIsFull
  }

  func giveBack(_ bytes: Int) { held.subtract(bytes, ordering: .relaxed) }

  func moveInMemory(_ bytes: Int) { inMemory.add(bytes, ordering: .relaxed) }

  func take(_ bytes: Int, of address: String) throws(Refusal) {
    let fits = byAddress.withLock { held in
      let sum = held[address, default: 0] + bytes
      guard sum <= addressLimitBytes else { return false }
      held[address] = sum
      return true
    }
    if !fits { throw .addressIsFull }
  }

  func giveBack(_ bytes: Int, of address: String) {
    byAddress.withLock { held in
      let rest = held[address, default: 0] - bytes
      held[address] = rest > 0 ? rest : nil
    }
  }

  /// Which bound a body met.
  enum Refusal: Error {
    case processIsFull
    case addressIsFull

    var problem: Problem {
      switch self {
      case .processIsFull:
        Problem(
          .serviceUnavailable, title: "Too much is being sent at once", detail: "Send it again in a moment.",
          retryAfterSeconds: 2)
      case .addressIsFull:
        Problem(
          .serviceUnavailable, title: "Too much is being sent from your address at once",
          detail: "Send one thing after the other.", retryAfterSeconds: 5)
      }
    }
  }
}
