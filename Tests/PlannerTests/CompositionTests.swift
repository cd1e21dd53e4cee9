// Composed availability, against the enumeration of every combination of failures.

import Testing

@testable import Planner

@Suite struct CompositionTests {
  private static func part(_ availability: Double, _ name: String = "a", on cause: String? = nil)
    -> Composition
  {
    .part(Part(name, availability: availability, dependsOn: cause))
  }

  @Test func seriesNeedsAllAndParallelNeedsSome() {
    #expect(abs(Composition.series([Self.part(0.9), Self.part(0.8)]).availability() - 0.72) < 1e-12)
    #expect(
      abs(Composition.parallel(needed: 1, [Self.part(0.9), Self.part(0.8)]).availability() - 0.98) < 1e-12)
    let two = Composition.parallel(needed: 2, [Self.part(0.9), Self.part(0.9), Self.part(0.9)])
    #expect(abs(two.availability() - 0.972) < 1e-12)
  }

  @Test func aSharedCauseTakesAllThatDependOnIt() {
    let zone = SharedCause(id: "a", availability: 0.5)
    let pair = Composition.parallel(needed: 1, [Self.part(1, "1", on: "a"), Self.part(1, "2", on: "a")])
    #expect(pair.availability(sharing: [zone]) == 0.5)
    let apart = Composition.parallel(needed: 1, [Self.part(1, "1", on: "a"), Self.part(1, "2")])
    #expect(apart.availability(sharing: [zone]) == 1)
  }

  @Test func theEmptySystems() {
    #expect(Composition.series([]).availability() == 1)
    #expect(Composition.parallel(needed: 0, []).availability() == 1)
    #expect(Composition.parallel(needed: 1, []).availability() == 0)
  }

  @Test func randomSystemsAgreeWithTheEnumerationOfAllFailures() {
    var chance = Chance("compositions")
    for _ in 0..<300 {
      let causes = (0..<Int.random(in: 0...3, using: &chance)).map {
        SharedCause(id: "zone \($0)", availability: Double.random(in: 0...1, using: &chance))
      }
      var system = RandomSystem(causes: causes)
      let composition = system.make(depth: 3, using: &chance)
      let expected = Enumeration(parts: system.parts, causes: causes).availability(of: composition)
      #expect(abs(composition.availability(sharing: causes) - expected) < 1e-9, "\(composition)")
    }
  }
}

/// Makes systems of up to 9 parts.
private struct RandomSystem {
  let causes: [SharedCause]
  private(set) var parts: [Part] = []

  init(causes: [SharedCause]) { self.causes = causes }

  mutating func make(depth: Int, using chance: inout Chance) -> Composition {
    if depth == 0 || parts.count >= 7 || Int.random(in: 0..<4, using: &chance) == 0 {
      let cause = Bool.random(using: &chance) ? causes.randomElement(using: &chance)?.id : nil
      let part = Part(
        "part \(parts.count)", availability: Double.random(in: 0...1, using: &chance), dependsOn: cause)
      parts.append(part)
      return .part(part)
    }
    var members: [Composition] = []
    for _ in 0..<Int.random(in: 1...3, using: &chance) where parts.count < 9 {
      members.append(make(depth: depth - 1, using: &chance))
    }
    if Bool.random(using: &chance) { return .series(members) }
    return .parallel(needed: Int.random(in: 0...members.count, using: &chance), members)
  }
}

/// Goes through every combination of what works and what does not, and adds up the probabilities of those in which the
/// system works. Knows nothing of how the planner does it.
private struct Enumeration {
  let parts: [Part]
  let causes: [SharedCause]

  func availability(of system: Composition) -> Double {
    var sum = 0.0
    for state in 0..<(1 << (parts.count + causes.count)) {
      func isUp(_ index: Int) -> Bool { state >> index & 1 == 1 }
      var probability = 1.0
      for (index, part) in parts.enumerated() {
        probability *= isUp(index) ? part.availability : 1 - part.availability
      }
      for (index, cause) in causes.enumerated() {
        probability *= isUp(parts.count + index) ? cause.availability : 1 - cause.availability
      }
      let lost = Set(causes.indices.filter { !isUp(parts.count + $0) }.map { causes[$0].id })
      let working = Set(
        parts.indices.filter { isUp($0) && parts[$0].cause.map(lost.contains) != true }.map { parts[$0].name }
      )
      if works(system, working) { sum += probability }
    }
    return sum
  }

  private func works(_ system: Composition, _ working: Set<String>) -> Bool {
    switch system {
    case .part(let part): working.contains(part.name)
    case .series(let members): members.allSatisfy { works($0, working) }
    case .parallel(let needed, let members): members.count { works($0, working) } >= needed
    }
  }
}
