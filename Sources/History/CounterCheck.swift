// Counters: a read is between what must have been added by then and what may have been.

enum CounterCheck {
  static func contradictions(_ operations: [Operation]) -> [Contradiction] {
    let adds = operations.filter { $0.action == .add && $0.mayHaveEffect }
    let reads = operations.filter { $0.isAnsweredRead }
    var found: [Contradiction] = []
    if let lost = smallest(reads.compactMap { lost($0, adds) }) { found.append(lost) }
    if let madeUp = smallest(reads.compactMap { madeUp($0, adds) }) { found.append(madeUp) }
    return found
  }

  private static func smallest(_ found: [Contradiction]) -> Contradiction? {
    found.min { $0.operations.count < $1.operations.count }
  }

  /// Fewer than the additions that were over before the read began, less what may have been taken away.
  private static func lost(_ read: Operation, _ adds: [Operation]) -> Contradiction? {
    guard read.from == .leader else { return nil }
    let takenAway = possible(adds, read).reduce(0) { $0 + min($1.delta ?? 0, 0) }
    let certain = adds.filter { $0.kind == .ok && $0.isBefore(read) && ($0.delta ?? 0) > 0 }
    return core(read, certain) { seen, sum in sum + takenAway > seen }
      .map { Contradiction(.noLostUpdate, $0) }
  }

  /// More than all that may have been added by its end, less what has certainly been taken away.
  private static func madeUp(_ read: Operation, _ adds: [Operation]) -> Contradiction? {
    let added = possible(adds, read).reduce(0) { $0 + max($1.delta ?? 0, 0) }
    let certain =
      read.from == .leader
      ? adds.filter { $0.kind == .ok && $0.isBefore(read) && ($0.delta ?? 0) < 0 } : []
    return core(read, certain) { seen, sum in sum + added < seen }
      .map { Contradiction($0.count > 1 ? .noLostUpdate : .neverMadeUp, $0) }
  }

  private static func possible(_ adds: [Operation], _ read: Operation) -> [Operation] {
    adds.filter { $0.beginNs < read.endNs }
  }

  /// The read and the fewest of the additions that it can't be true with.
  private static func core(
    _ read: Operation, _ certain: [Operation], _ contradicts: (_ seen: Int, _ sum: Int) -> Bool
  ) -> [Operation]? {
    guard let seen = Int(read.value ?? "0") else { return [read] }
    var (sum, chosen) = (0, [read])
    for add in certain.sorted(by: { abs($0.delta ?? 0) > abs($1.delta ?? 0) }) {
      if contradicts(seen, sum) { break }
      sum += add.delta ?? 0
      chosen.append(add)
    }
    return contradicts(seen, sum) ? chosen : nil
  }
}
