// Is there an order of a key's operations that explains every answer? A search, after Wing and Gong, with what was tried
// remembered.

/// Linearizability of one register, and the fewest operations that break it.
enum RegisterSearch {
  enum Answer: Equatable {
    case ordered
    case contradiction(Contradiction)
    case undecided
  }

  /// An operation with what is known of it: what is not certain may be left out.
  fileprivate struct Step {
    let operation: Operation
    var isCertain: Bool
    var lastNs: UInt64 { isCertain ? operation.endNs : .max }
  }

  private static let stepLimit = 50_000
  /// How many smaller sets are tried one by one.
  private static let subsetLimit = 5_000

  static func judge(_ operations: [Operation]) -> Answer {
    let relevant = operations.filter { $0.mayHaveEffect || ($0.isAnsweredRead && $0.from == .leader) }
      .sorted { ($0.beginNs, $0.id) < ($1.beginNs, $1.id) }
    let certain = Set(relevant.indices.filter { relevant[$0].kind == .ok })
    switch isPossible(relevant, certain) {
    case true: return .ordered
    case false: return .contradiction(contradiction(relevant, core(relevant, certain)))
    case nil: return .undecided
    }
  }

  private static func contradiction(_ operations: [Operation], _ core: Set<Int>) -> Contradiction {
    let chosen = core.map { operations[$0] }
    let swaps = chosen.count { $0.action == .swap }
    return Contradiction(swaps > 1 && swaps == chosen.count ? .noLostUpdate : .linearizable, chosen)
  }

  /// The fewest operations that must not all be certain. What is not among them counts as unknown: a write may have
  /// happened, a read is left out.
  private static func core(_ operations: [Operation], _ certain: Set<Int>) -> Set<Int> {
    var core = certain
    for index in certain.sorted(by: >) where isPossible(operations, core.subtracting([index])) == false {
      core.remove(index)
    }
    var size = 1
    let candidates = certain.sorted()
    while size < core.count, choices(candidates.count, size) <= subsetLimit {
      if let smaller = subset(of: candidates, size, { isPossible(operations, $0) == false }) {
        return smaller
      }
      size += 1
    }
    return core
  }

  private static func choices(_ count: Int, _ size: Int) -> Int {
    var result = 1
    for step in 0..<size {
      result = result * (count - step) / (step + 1)
      if result > subsetLimit { return result }
    }
    return result
  }

  private static func subset(of items: [Int], _ size: Int, _ matches: (Set<Int>) -> Bool) -> Set<Int>? {
    func extended(_ chosen: Set<Int>, from start: Int) -> Set<Int>? {
      if chosen.count == size { return matches(chosen) ? chosen : nil }
      for index in items.indices.dropFirst(start) {
        if let found = extended(chosen.union([items[index]]), from: index + 1) { return found }
      }
      return nil
    }
    return extended([], from: 0)
  }

  /// - Returns: whether an order explains everything that is certain; nil when the search was given up.
  private static func isPossible(_ operations: [Operation], _ certain: Set<Int>) -> Bool? {
    var steps: [Step] = []
    for (index, operation) in operations.enumerated() {
      if operation.action == .read, !certain.contains(index) { continue }
      steps.append(Step(operation: operation, isCertain: certain.contains(index)))
    }
    return Search(steps, limit: stepLimit).run()
  }
}

/// One search. A place in it is which steps are done and what the register holds then.
private struct Search {
  private struct Place: Hashable {
    var done: Set<Int>
    /// All before it are done.
    var first: Int
    var value: String?
  }

  private let steps: [RegisterSearch.Step]
  private let limit: Int

  init(_ steps: [RegisterSearch.Step], limit: Int) {
    (self.steps, self.limit) = (steps, limit)
  }

  func run() -> Bool? {
    var stack = [settled(Place(done: [], first: 0, value: nil))]
    var tried: Set<Place> = []
    while let place = stack.popLast() {
      if isWhole(place) { return true }
      guard tried.insert(place).inserted else { continue }
      if tried.count > limit { return nil }
      for index in candidates(place) {
        guard let next = after(index, place) else { continue }
        stack.append(settled(next))
      }
    }
    return false
  }

  private func isWhole(_ place: Place) -> Bool {
    steps.indices.dropFirst(place.first).allSatisfy { !steps[$0].isCertain || place.done.contains($0) }
  }

  /// Steps that may come next: those that began before any other that must come had ended.
  private func candidates(_ place: Place) -> [Int] {
    var (found, barrierNs): ([Int], UInt64) = ([], .max)
    for index in place.first..<steps.count where !place.done.contains(index) {
      if steps[index].operation.beginNs > barrierNs { break }
      found.append(index)
      barrierNs = min(barrierNs, steps[index].lastNs)
    }
    return found.filter { steps[$0].operation.beginNs <= barrierNs }
  }

  private func after(_ index: Int, _ place: Place) -> Place? {
    let operation = steps[index].operation
    var next = place
    switch operation.action {
    case .read: if operation.value != place.value { return nil }
    case .write: next.value = operation.value
    case .swap:
      if operation.expected != place.value { return nil }
      next.value = operation.value
    case .add, .count: return nil
    }
    next.done.insert(index)
    while next.done.remove(next.first) != nil { next.first += 1 }
    return next
  }

  /// Reads that fit may as well come now: they change nothing.
  private func settled(_ place: Place) -> Place {
    var place = place
    while let read = candidates(place).first(where: {
      steps[$0].operation.action == .read && steps[$0].operation.value == place.value
    }), let next = after(read, place) {
      place = next
    }
    return place
  }
}
