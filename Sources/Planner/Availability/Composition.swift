// How available a system is whose parts fail alone, and whose causes of failure take several parts at once.

/// Something that several parts depend on, such as a zone's power: when it is gone, so are they.
struct SharedCause: Equatable, Sendable {
  let id: String
  /// The share of time that it is there, 0 to 1.
  let availability: Double

  init(id: String, availability: Double) {
    self.id = id
    self.availability = availability
  }
}

/// A part that works or does not.
struct Part: Equatable, Sendable {
  let name: String
  /// The share of time that it works while what it depends on is there, 0 to 1.
  let availability: Double
  /// The id of the shared cause that it depends on; nil for none.
  let cause: String?

  init(_ name: String, availability: Double, dependsOn cause: String? = nil) {
    self.name = name
    self.availability = availability
    self.cause = cause
  }
}

/// How parts make a system. Each part stands in it once.
indirect enum Composition: Equatable, Sendable {
  case part(Part)
  /// All must work.
  case series([Composition])
  /// At least `needed` must work.
  case parallel(needed: Int, [Composition])

  /// The share of time that the system works.
  ///
  /// Parts fail independently while the causes they share are in a given state; so the states of the causes are gone
  /// through one by one (2 to the power of their number), and the shares added up.
  func availability(sharing causes: [SharedCause] = []) -> Double {
    availability(of: causes[...], lost: [])
  }

  private func availability(of causes: ArraySlice<SharedCause>, lost: Set<String>) -> Double {
    guard let cause = causes.first else { return availability(without: lost) }
    let rest = causes.dropFirst()
    let with = availability(of: rest, lost: lost)
    let without = availability(of: rest, lost: lost.union([cause.id]))
    return cause.availability * with + (1 - cause.availability) * without
  }

  private func availability(without lost: Set<String>) -> Double {
    switch self {
    case .part(let part): part.cause.map(lost.contains) == true ? 0 : part.availability
    case .series(let members): members.reduce(1) { $0 * $1.availability(without: lost) }
    case .parallel(let needed, let members):
      Self.atLeast(needed, of: members.map { $0.availability(without: lost) })
    }
  }

  /// The probability that at least `needed` of independent events happen: the distribution of their number, one event
  /// after the other.
  private static func atLeast(_ needed: Int, of chances: [Double]) -> Double {
    var counts = [1.0] + Array(repeating: 0, count: chances.count)
    for chance in chances {
      for count in stride(from: counts.count - 1, through: 0, by: -1) {
        counts[count] = counts[count] * (1 - chance) + (count > 0 ? counts[count - 1] * chance : 0)
      }
    }
    return counts.dropFirst(max(0, needed)).reduce(0, +)
  }
}
