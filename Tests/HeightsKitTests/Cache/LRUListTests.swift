// The list agrees with a simple model of it, whatever is done to it.

import TestSupport
import Testing

@testable import HeightsKit

@Suite struct LRUListTests {
  /// Keys and values, the oldest first.
  private struct Model {
    var entries: [(key: String, value: Int)] = []

    mutating func take(_ key: String) -> Int? {
      guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
      return entries.remove(at: index).value
    }
  }

  @Test func itKeepsTheOrderOfUse() throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    var (list, model) = (LRUList<Int>(), Model())
    for step in 0..<20_000 {
      let key = "k\(Int.random(in: 0..<20, using: &random))"
      switch Int.random(in: 0..<5, using: &random) {
      case 0, 1:
        let former = model.take(key)
        model.entries.append((key, step))
        try #require(list.insert(key, step) == former, "seed \(seed)")
      case 2:
        let found = model.take(key)
        if let found { model.entries.append((key, found)) }
        try #require(list.use(key) == found, "seed \(seed)")
      case 3: try #require(list.remove(key) == model.take(key), "seed \(seed)")
      default: try #require(list[key] == model.entries.first { $0.key == key }?.value, "seed \(seed)")
      }
      try #require(list.leastRecentlyUsed == model.entries.first?.key, "seed \(seed)")
      try #require(list.count == model.entries.count, "seed \(seed)")
    }
    while let oldest = list.leastRecentlyUsed {
      #expect(model.entries.removeFirst().key == oldest)
      list.remove(oldest)
    }
    #expect(model.entries.isEmpty)
  }
}
