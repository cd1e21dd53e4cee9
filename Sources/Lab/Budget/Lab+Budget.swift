// People's requests are counted where they come in, for as long as the lab runs.

import Contract
import Glibc
import Policies
import Topology

extension Lab {
  private static let readingMs = 2_000
  private static let lookUs: UInt32 = 50_000
  private static let savingMs = 60_000
  /// A door that takes longer is read the next time: it goes on counting.
  private static let doorLimitMs = 500

  /// Reads the doors until the lab ends, the last time before they are closed.
  func keepBudget() {
    var nextMs = Clock.nowMs
    var nextSavingMs = Clock.nowMs + Self.savingMs
    var canSave = true
    var isEnding = false
    while !isEnding {
      isEnding = operations.isStopping
      if !isEnding, Clock.nowMs < nextMs {
        usleep(Self.lookUs)
        continue
      }
      nextMs = Clock.nowMs + Self.readingMs
      readDoors()
      let isPressing = canSave && budgetBook.withLock { $0.hasUnsavedFailures }
      guard isEnding || isPressing || Clock.nowMs >= nextSavingMs else { continue }
      nextSavingMs = Clock.nowMs + Self.savingMs
      canSave = saveBudget(tells: canSave)
    }
  }

  /// - Returns: whether it is on disk. A full disk is told once; what was counted is saved when there is room.
  private func saveBudget(tells: Bool) -> Bool {
    do throws(LabError) {
      try budgetBook.withLock { $0 }.save(folder)
      budgetBook.withLock { $0.noteSaved() }
      return true
    } catch {
      if tells { tell("the error budget could not be saved: \(error)") }
      return false
    }
  }

  /// Takes what the doors have counted by now.
  func readDoors() {
    // One at a time: a reading that is taken after a later one would have it counted twice.
    doorReading.withLock { _ in
      let target = currentState.stage.availabilityTarget
      let readings = doorCounts
      let seconds = Clock.wallMs / 1_000
      let news = budgetBook.withLock { book in
        book.take(readings, target: target, atSeconds: seconds)
        return book.news(atSeconds: seconds)
      }
      for line in news { tell(line) }
    }
  }

  /// Of each process that has the public port, or had it and answers what it has accepted: the front door and one that it replaces,
  /// before there is one the app's own.
  private var doorCounts: [Int32: DoorCounts?] {
    var counts = Role.allCases.reduce(into: [:]) { counts, role in
      count(role.rawValue, into: &counts) { countsOfApp(role.rawValue) }
    }
    if let front = specs.first(where: { $0.kind == .frontDoor }) {
      let sockets = [
        front.name: HAProxy.adminSocket, ProcessTable.aside(front.name): HAProxy.formerSocket,
      ]
      for (name, socket) in sockets {
        count(name, into: &counts) { countsOfBalancer(name, front.host, socket) }
      }
    }
    return counts
  }

  private func count(_ name: String, into counts: inout [Int32: DoorCounts?], _ read: () -> DoorCounts?) {
    guard let pid = supervisor?.status(of: name)?.pid else { return }
    let reading = read()
    // Another one may have answered by now.
    counts[pid] = .some(supervisor?.status(of: name)?.pid == pid ? reading : nil)
  }

  /// What it has led on. What it answers itself (whether a server is there, a name that is not the app's) is left out, and who went
  /// away while they waited.
  private func countsOfBalancer(_ name: String, _ host: Host, _ socket: String) -> DoorCounts? {
    let lines = try? HAProxyLine.all(of: name, in: host.outerFolder, socket: socket)
    guard let all = lines?.first(where: { $0.server == HAProxyLine.backend }) else { return nil }
    return DoorCounts(requests: Double(all.answers - all.abandoned), failed: Double(all.errors))
  }

  private func countsOfApp(_ name: String) -> DoorCounts? {
    let admin = AdminClient(folder.adminSocket(ofProcess: name))
    guard let answer = try? admin.get(AdminPath.metrics, limitMs: Self.doorLimitMs), answer.status == 200
    else { return nil }
    var (requests, failed) = (0.0, 0.0)
    for sample in PrometheusSample.parse(answer.text) where sample.isOfPeople {
      let status = sample.labels["status"].flatMap { Int($0) } ?? 0
      if Self.nobodys.contains(status) { continue }
      requests += sample.value
      if status >= 500 { failed += sample.value }
    }
    return DoorCounts(requests: requests, failed: failed)
  }

  /// A name that is not the app's, and who went away before the answer.
  private static let nobodys: Set<Int> = [421, 499]

  /// How it stands with the error budget, as the doors were read last.
  var budget: LabSnapshot.Budget {
    .init(
      budgetBook.withLock { $0.budget }, target: currentState.stage.availabilityTarget,
      atSeconds: Clock.wallMs / 1_000)
  }
}
