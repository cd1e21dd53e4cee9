// What a session has seen, it goes on seeing: its own writes, what it has read, and what those whose writes it read had
// seen when they wrote.

/// Read-your-writes, monotonic reads, monotonic writes and writes-follow-reads, of registers.
///
/// What is known is kept as for each session how many of its operations the knower is aware of (a vector clock). A read is
/// wrong when every write that it can have come from was over before a write began that is known.
struct SessionCheck {
  /// Something that a session knows: the key had one of these writes. Nil among them is the key's beginning.
  private struct Item {
    let session: Int
    /// How many operations of the session had ended before it.
    let position: Int
    let operation: Operation
    let writes: [Operation?]
  }

  /// That a session became aware of another's operations, by reading what it wrote.
  private struct Cause {
    let position: Int
    let read: Operation
    let write: Operation
  }

  private let history: [Operation]
  private let numbers: [String: Int]
  private let writes: [String: [Operation]]
  private var items: [String: [Item]] = [:]
  /// Of each session: of how many operations of each session it is aware.
  private var clocks: [[Int32]]
  /// Those that a write's session was aware of when it began, by the write's id.
  private var clocksOfWrites: [Int: [Int32]] = [:]
  private var clocksOfReads: [Int: [Int32]] = [:]
  private var causes: [Int: [Int: [Cause]]] = [:]
  private var found: [String: Contradiction] = [:]

  static func contradictions(_ history: [Operation]) -> [Contradiction] {
    var check = SessionCheck(history)
    check.run()
    return check.found.sorted { $0.key < $1.key }.map(\.value)
  }

  private init(_ history: [Operation]) {
    let counters = Set(history.filter(\.isOfCounter).map(\.key))
    self.history = history.filter {
      !counters.contains($0.key) && ($0.mayHaveEffect || ($0.isAnsweredRead && $0.from != .cache))
    }
    let names = Set(self.history.map(\.session)).sorted()
    numbers = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    writes = Dictionary(grouping: self.history.filter(\.mayHaveEffect), by: \.key)
    clocks = Array(repeating: Array(repeating: 0, count: names.count), count: names.count)
  }

  private mutating func run() {
    // What ends at the moment at which another begins is not before it.
    var events = history.map { (atNs: $0.beginNs, isEnd: false, operation: $0) }
    events += history.filter { $0.kind == .ok }.map { (atNs: $0.endNs, isEnd: true, operation: $0) }
    events.sort {
      ($0.atNs, $0.isEnd ? 1 : 0, $0.operation.id) < ($1.atNs, $1.isEnd ? 1 : 0, $1.operation.id)
    }
    for event in events {
      if event.isEnd { end(event.operation) } else { begin(event.operation) }
    }
  }

  private mutating func begin(_ operation: Operation) {
    let clock = clocks[number(operation)]
    if operation.action == .read {
      clocksOfReads[operation.id] = clock
    } else {
      clocksOfWrites[operation.id] = clock
    }
  }

  private mutating func end(_ operation: Operation) {
    let session = number(operation)
    var sources: [Operation?] = [operation]
    if operation.action == .read {
      sources = self.sources(of: operation)
      if let clock = clocksOfReads.removeValue(forKey: operation.id) { judge(operation, sources, clock) }
      if sources.count == 1, let write = sources[0] { learn(session, operation, write) }
    }
    remember(operation, sources, session)
    clocks[session][session] += 1
  }

  private func number(_ operation: Operation) -> Int { numbers[operation.session] ?? 0 }

  /// The writes that a read can have come from.
  private func sources(of read: Operation) -> [Operation?] {
    let matching = (writes[read.key] ?? []).filter { $0.value == read.value && $0.beginNs < read.endNs }
    return matching.map { $0 } + (read.value == nil ? [nil] : [])
  }

  private mutating func remember(_ operation: Operation, _ sources: [Operation?], _ session: Int) {
    let ids = sources.map { $0?.id }
    let isKnown = items[operation.key]?.contains { $0.session == session && $0.writes.map { $0?.id } == ids }
    if isKnown == true { return }
    let item = Item(
      session: session, position: Int(clocks[session][session]), operation: operation, writes: sources)
    items[operation.key, default: []].append(item)
  }

  private mutating func learn(_ session: Int, _ read: Operation, _ write: Operation) {
    guard let clock = clocksOfWrites[write.id] else { return }
    for other in clock.indices where other != session && clock[other] > clocks[session][other] {
      clocks[session][other] = clock[other]
      causes[session, default: [:]][other, default: []].append(
        Cause(position: Int(clock[other]), read: read, write: write))
    }
  }

  private mutating func judge(_ read: Operation, _ sources: [Operation?], _ clock: [Int32]) {
    if sources.isEmpty { return }
    for item in items[read.key] ?? [] where item.position < clock[item.session] {
      guard !item.writes.isEmpty,
        item.writes.allSatisfy({ known in sources.allSatisfy { isOlder($0, known) } })
      else { continue }
      let promise = promise(item, read)
      let name = read.key + " " + promise.rawValue
      let contradiction = Contradiction(promise, core(read, sources, item))
      if contradiction.operations.count < found[name]?.operations.count ?? .max {
        found[name] = contradiction
      }
    }
  }

  private func isOlder(_ write: Operation?, _ known: Operation?) -> Bool {
    guard let known else { return false }
    return write?.isBefore(known) ?? true
  }

  private func promise(_ item: Item, _ read: Operation) -> Promise {
    let isRead = item.operation.action == .read
    if item.operation.session == read.session { return isRead ? .monotonicReads : .readYourWrites }
    return isRead ? .writesFollowReads : .monotonicWrites
  }

  private func core(_ read: Operation, _ sources: [Operation?], _ item: Item) -> [Operation] {
    var core = [item.operation, read] + item.writes.compactMap { $0 } + sources.compactMap { $0 }
    core += chain(number(read), to: item.session, position: item.position)
    var seen: Set<Int> = []
    return core.filter { seen.insert($0.id).inserted }
  }

  /// How a session came to know of another's operation.
  private func chain(_ session: Int, to other: Int, position: Int) -> [Operation] {
    if session == other { return [] }
    guard let cause = causes[session]?[other]?.first(where: { $0.position > position }) else { return [] }
    let writer = number(cause.write)
    // The writer knew it before it wrote, so this comes to an end.
    return [cause.read, cause.write] + (writer == session ? [] : chain(writer, to: other, position: position))
  }
}
