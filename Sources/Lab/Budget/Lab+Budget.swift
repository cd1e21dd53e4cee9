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
      guard isEnding || Clock.nowMs >= nextSavingMs else { continue }
      nextSavingMs = Clock.nowMs + Self.savingMs
      canSave = saveBudget(tells: canSave)
    }
  }

  /// - Returns: whether it is on disk. A full disk is told once; what was counted is saved when there is room.
  private func saveBudget(tells: Bool) -> Bool {
    do throws(LabError) {
      try budgetBook.withLock { $0 }.save(folder)
      return true
    } catch {
      if tells { tell("the error budget could not be saved: \(error)") }
      return false
    }
  }

  private func readDoors() {
    let target = currentState.stage.availabilityTarget
    let readings = doorCounts
    let seconds = Clock.wallMs / 1_000
    let news = budgetBook.withLock { book in
      book.take(readings, target: target, atSeconds: seconds)
      return book.news(atSeconds: seconds)
    }
    for line in news { tell(line) }
  }

  /// Of each process that has the public port: the front door, or before there is one the app's own.
  private var doorCounts: [String: DoorCounts] {
    let statuses = supervisor?.statuses ?? [:]
    let front = specs.first { $0.kind == .frontDoor }
    let names = currentState.openDoors.map(\.rawValue) + [front?.name].compactMap { $0 }
    return names.reduce(into: [:]) { counts, name in
      guard let pid = statuses[name]?.pid else { return }
      let reading = name == front?.name ? countsOfBalancer(name, front?.host) : countsOfApp(name)
      counts[name] = reading.map { DoorCounts(pid: pid, requests: $0.requests, failed: $0.failed) }
    }
  }

  /// What it has led on. What it answers itself (whether it is well, a name that is not the app's) is left out, and who went away
  /// before there was an answer.
  private func countsOfBalancer(_ name: String, _ host: Host?) -> (requests: Double, failed: Double)? {
    guard let host, let lines = try? HAProxyLine.all(of: name, in: host.outerFolder),
      let all = lines.first(where: { $0.server == HAProxyLine.backend })
    else { return nil }
    return (Double(all.answers - all.abandoned), Double(all.errors))
  }

  private func countsOfApp(_ name: String) -> (requests: Double, failed: Double)? {
    let admin = AdminClient(folder.adminSocket(ofProcess: name))
    guard let answer = try? admin.get(AdminPath.metrics, limitMs: Self.doorLimitMs), answer.status == 200
    else { return nil }
    return PrometheusSample.parse(answer.text).reduce(into: (0, 0)) { counts, sample in
      guard sample.isOfPeople else { return }
      counts.requests += sample.value
      if sample.labels["status"].flatMap({ Int($0) }) ?? 0 >= 500 { counts.failed += sample.value }
    }
  }

  /// How it stands with the error budget, as the doors were read last.
  var budget: LabSnapshot.Budget {
    .init(
      budgetBook.withLock { $0.budget }, target: currentState.stage.availabilityTarget,
      atSeconds: Clock.wallMs / 1_000)
  }
}
