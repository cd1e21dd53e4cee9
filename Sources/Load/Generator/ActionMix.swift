// Which action comes next.

import Workload

/// Draws actions by their weights.
struct ActionMix: Sendable {
  private let actions: [Action]
  private let upperBounds: [Double]

  init(_ workload: Workload) {
    // In the order of the cases: the same seed draws the same.
    actions = Action.allCases.filter { workload.weight(of: $0) > 0 }
    var sum = 0.0
    upperBounds = actions.map { action in
      sum += workload.weight(of: action)
      return sum
    }
  }

  func sample(_ random: inout SeededRandom) -> Action {
    let point = random.unit() * (upperBounds.last ?? 0)
    return actions[upperBounds.firstIndex { point < $0 } ?? actions.count - 1]
  }
}
