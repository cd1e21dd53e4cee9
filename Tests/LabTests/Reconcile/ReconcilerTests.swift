// What is done so that hosts become what is wanted: the order, and that nothing is done to what is so already.

import TestSupport
import Testing
import Topology

@testable import Lab

@Suite struct ReconcilerTests {
  private let context: HostContext
  private let temporary: TemporaryFolder

  init() throws {
    temporary = try TemporaryFolder()
    context = try HostContext.forTests(in: temporary)
  }

  private func specs(_ level: Level?, _ ids: [String]? = nil) -> [ProcessSpec] {
    guard let level else { return [] }
    let plan = LabPlan(context.manifest, at: level, context, AddressBook())
    return plan.specs(of: ids.map(Set.init) ?? plan.firstIDs)
  }

  /// Like a lab's: what an engine reads when it starts, and for the app its level.
  private func configurations(_ specs: [ProcessSpec], _ level: Level?) -> [String: String] {
    specs.reduce(into: [:]) { all, spec in
      all[spec.name] = spec.isInstance ? level?.description : spec.engine?.startingConfiguration
    }
  }

  private func steps(
    from former: Level?, to level: Level?, of ids: [String]? = nil, running: Bool = true
  ) -> [Reconciler.Step] {
    let (before, wanted) = (specs(former, ids), specs(level, ids))
    let started = configurations(before, former)
    return Reconciler(
      former: before, wanted: wanted,
      running: running
        ? Dictionary(uniqueKeysWithValues: before.map { ($0.name, .init(configuration: started[$0.name])) })
        : [:],
      configurations: configurations(wanted, level)
    ).steps
  }

  @Test(arguments: [Stage.separateDatabase, .replicated, .stateless])
  func whatIsSoAlreadyIsOnlyWaitedFor(stage: Stage) {
    let steps = steps(from: Level(stage), to: Level(stage))
    #expect(steps == [.start(specs(Level(stage)).map(\.name))])
  }

  @Test func whatDoesNotRunStarts() {
    let names = specs(Level(.replicated)).map(\.name)
    #expect(steps(from: nil, to: Level(.replicated)) == [.start(names)])
    #expect(steps(from: Level(.replicated), to: Level(.replicated), running: false) == [.start(names)])
  }

  @Test func aWorkerThatRunsAlreadyIsWaitedForByNobody() throws {
    let context = try HostContext.forTests(
      in: temporary, listens: "port", workers: "mail: { run: ['m'] }, thumbs: { run: ['t'] }")
    let plan = LabPlan(context.manifest, at: Level(.separateDatabase), context, AddressBook())
    let wanted = plan.specs(of: ["server-a"])
    let (server, mail, thumbs) = ("server-a", "server-a.worker-mail", "server-a.worker-thumbs")
    #expect(wanted.map(\.name) == [server, mail, thumbs])
    func steps(_ running: [String], changed: String) -> [Reconciler.Step] {
      Reconciler(
        former: wanted, wanted: wanted,
        running: Dictionary(uniqueKeysWithValues: running.map { ($0, .init(configuration: "old")) }),
        configurations: Dictionary(
          uniqueKeysWithValues: wanted.map { ($0.name, $0.name == changed ? "new" : "old") })
      ).steps
    }
    // It may be one that dies again and again.
    #expect(
      steps([server, mail], changed: server) == [.renew(server), .purgeEdges, .start([server, thumbs])])
    #expect(steps([server, mail, thumbs], changed: mail) == [.renew(mail), .start([server])])
  }

  @Test func whatIsNotWantedAnswersFirstAndEnds() {
    #expect(
      steps(from: Level(.stateless), to: nil, of: ["server-a", "server-b2"]) == [
        .drain("server-a"), .drain("server-b2"), .end(["server-a", "server-b2"]),
      ])
  }

  /// Patroni takes over what runs there already.
  @Test func whatIsAdoptedIsNotEndedAndLetGoAtTheEnd() {
    #expect(
      steps(from: Level(.separateDatabase), to: Level(.replicated), of: ["database-a"]) == [
        .start(["database-a.etcd", "database-a.patroni"]), .release("database-a.postgres"),
      ])
    #expect(
      steps(from: Level(.replicated), to: Level(.separateDatabase), of: ["database-a"]) == [
        .end(["database-a.etcd", "database-a.patroni"]), .start(["database-a.postgres"]),
      ])
  }

  @Test func whatIsConfiguredOtherwiseStartsAnewFromTheInsideOut() {
    let steps = steps(
      from: Level(.replicated), to: Level(.stateless), of: ["front-door", "dns", "server-a", "database-a"])
    #expect(
      steps.dropLast() == [
        .renew("server-a"), .renew("front-door"), .renew("dns"), .purgeEdges,
      ])
  }

  @Test func aStoreGoesOnWhenOthersJoinIt() {
    let ids = ["database-a", "database-b", "database-c", "database-b2"]
    let grown = Level(.replicated, extraFollowers: 1)
    let steps = steps(from: Level(.replicated), to: grown, of: ids)
    #expect(steps == [.start(specs(grown, ids).map(\.name))])
  }

  /// A renewal that failed is not forgotten: what runs is compared, not what was asked for last.
  @Test func whatWasStartedWithSomethingElseStartsAnewWhoeverAskedBefore() {
    let (level, ids) = (Level(.stateless), ["server-a"])
    let wanted = specs(level, ids)
    let reconciler = Reconciler(
      former: wanted, wanted: wanted, running: ["server-a": .init(configuration: "stage 4")],
      configurations: configurations(wanted, level))
    #expect(reconciler.steps == [.renew("server-a"), .purgeEdges, .start(["server-a"])])
  }

  /// Whatever two levels: nothing that is wanted ends, all that is wanted is started or waited for, once.
  @Test func everyChangeEndsWithWhatIsWanted() {
    let levels = [
      nil, Level(.separateDatabase), Level(.replicated), Level(.replicated, extraFollowers: 2),
      Level(.stateless),
      Level(.stateless, extraFollowers: 1),
    ]
    for former in levels {
      for level in levels {
        let wanted = Set(specs(level).map(\.name))
        var present = Set(specs(former).map(\.name))
        for step in steps(from: former, to: level) {
          switch step {
          case .drain(let name):
            #expect(present.contains(name) && !wanted.contains(name))
          case .end(let names):
            #expect(present.isSuperset(of: names) && wanted.isDisjoint(with: names))
            present.subtract(names)
          case .renew(let name): #expect(present.contains(name) && wanted.contains(name))
          case .start(let names): present.formUnion(names)
          case .release(let name):
            #expect(!wanted.contains(name))
            present.remove(name)
          case .purgeEdges: break
          }
        }
        #expect(present == wanted, "from \(String(describing: former)) to \(String(describing: level))")
      }
    }
  }
}
