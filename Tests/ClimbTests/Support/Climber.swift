// A climber without a command line, and its journal.

import Testing
import Topology

@testable import Climb

/// Drives a climb in a fake world.
final class Climber {
  /// A climb, and how the app listens.
  struct Route: CustomTestStringConvertible, Sendable {
    let to: Int
    let change: StageChange
    let steps: [ClimbStep]

    /// - Parameter isApart: whether the app has a service behind the one that people come to.
    init(to: Int, listensOnPort: Bool, databases: [String] = ["posts"], isApart: Bool = false) {
      self.to = to
      guard let from = Stage(rawValue: to - 1), let stage = Stage(rawValue: to) else {
        preconditionFailure("no stage \(to)")
      }
      do {
        change = try StageChange(
          of: Self.app(databases, isApart: isApart), from: Level(from), to: Level(stage),
          listensOnPort: listensOnPort)
      } catch { preconditionFailure("\(error)") }
      steps = Climb.Kind.stage(stage).steps(of: change)
    }

    /// Inside a stage, from so many followers more than it has to so many.
    init(inside stage: Stage, from: Int, to: Int, listensOnPort: Bool = false) {
      self.to = stage.number
      do {
        change = try StageChange(
          of: Self.app(["posts"]), from: Level(stage, extraFollowers: from),
          to: Level(stage, extraFollowers: to), listensOnPort: listensOnPort)
      } catch { preconditionFailure("\(error)") }
      steps = Climb.Kind.followers(change.to).steps(of: change)
    }

    /// A climb of an app that has grown inside the stage below.
    init(to stage: Stage, withExtraFollowers count: Int) {
      to = stage.number
      guard let from = Stage(rawValue: to - 1) else { preconditionFailure("no stage below") }
      do {
        change = try StageChange(
          of: Self.app(["posts"]), from: Level(from, extraFollowers: count),
          to: Level(stage, extraFollowers: count), listensOnPort: false)
      } catch { preconditionFailure("\(error)") }
      steps = Climb.Kind.stage(stage).steps(of: change)
    }

    private static func app(_ databases: [String], isApart: Bool = false) -> AppOutline {
      let services: [AppOutline.Service] =
        isApart
        ? [
          .init(name: "web", databases: [], calls: ["posts"]),
          .init(name: "posts", databases: databases, calls: ["people"]), .init(name: "people", databases: []),
        ]
        : [.init(name: "web", databases: databases)]
      return AppOutline(name: "hut", title: "Hut", services: services, databases: databases)
    }

    var testDescription: String {
      "from \(change.from) to \(change.to)\(change.listensOnPort ? ", of an app with a port" : "")\(change.cluster == nil && to > 2 ? ", without databases" : "")\(change.after.services.count > 1 ? ", with services" : "")"
    }
  }

  private static let stages = Climb.Kind.stages.keys.map(\.number).sorted()

  /// Every climb that there is.
  static let routes =
    stages.map { Route(to: $0, listensOnPort: false) }
    // An app with a port begins at stage 3.
    + stages.filter { $0 > 3 }.map { Route(to: $0, listensOnPort: true) }
    + [Route(to: 4, listensOnPort: true, databases: [])] + inside
    + [Route(to: .stateless, withExtraFollowers: 1), Route(to: 6, listensOnPort: false, isApart: true)]
    + [Route(to: .microservices, withExtraFollowers: 2), Route(to: 6, listensOnPort: false, databases: [])]

  /// Those that leave the stage as it is.
  static let inside = [
    Route(inside: .replicated, from: 0, to: 1), Route(inside: .replicated, from: 2, to: 0),
    Route(inside: .stateless, from: 0, to: 2, listensOnPort: true), Route(inside: .stateless, from: 2, to: 1),
  ]

  /// From the launch page.
  static let first = Route(to: 2, listensOnPort: false)

  let change: StageChange
  let provider: FakeProvider
  private let steps: [ClimbStep]
  private(set) var journal: [ClimbRecord] = []
  /// What was told on the way.
  private(set) var events: [ClimbEvent] = []

  init(_ route: Route, _ prepare: (inout FakeWorld) -> Void = { _ in }) {
    change = route.change
    steps = route.steps
    var world = FakeWorld(change)
    prepare(&world)
    provider = FakeProvider(world)
  }

  private init(_ other: Climber) {
    (change, steps, journal) = (other.change, other.steps, other.journal)
    provider = FakeProvider(other.provider.world)
  }

  /// Another one where this one is, so that a climb need not be made again for each way on.
  func copy() -> Climber { Climber(self) }

  var stepNames: [String] { steps.map(\.name) }

  /// Run and verify of each step.
  var actionCount: Int { 2 * steps.count }

  /// Climbs until the end; nil when it was stopped, or died.
  func drive(
    _ direction: ClimbEngine.Direction, failing failure: FakeProvider.Failure? = nil,
    stoppingBefore action: Int = .max
  ) throws -> ClimbEngine.Outcome? {
    provider.begin(failing: failure)
    let engine = try ClimbEngine(steps: steps.map(\.name), change: change, journal: journal)
    var actionCount = 0
    let driver = ClimbDriver(
      steps: steps, provider: provider,
      append: { [self] in
        if provider.isDead { throw FakeProvider.Dead() }
        journal.append($0)
      },
      shouldStop: {
        defer { actionCount += 1 }
        return actionCount == action
      }, report: { [self] in events.append($0) })
    do { return try driver.drive(engine, direction) } catch is FakeProvider.Dead { return nil }
  }

  /// Goes on to the end; a step may fail because of what happened, and is tried again then.
  func finish(_ direction: ClimbEngine.Direction, _ comment: Comment) throws {
    var outcome = try drive(direction)
    if case .failed = outcome { outcome = try drive(direction) }
    if direction == .back, provider.world.move.isFinished {
      // Some of what was written since is in the new place alone.
      guard case .failed(.undo, "end-capture", _) = outcome else {
        Issue.record("\(comment): it went back without what was written: \(String(describing: outcome))")
        return
      }
      return try finish(.up, comment)
    }
    // One that died before its first record has nothing to go back from.
    let isFine = [.committed, .reverted, .nothingToUndo].contains(outcome)
    #expect(isFine, "\(comment): \(String(describing: outcome))")
    expectArrived(direction, comment)
  }

  /// The world is as one that has never been anywhere else.
  func expectArrived(_ direction: ClimbEngine.Direction, _ comment: Comment) {
    let world = provider.world
    let there = direction == .up ? change.after : change.before
    let fresh = FakeWorld(change, atItsEnd: direction == .up, joined: 0)
    #expect(world.level == fresh.level, comment)
    #expect(world.answering == fresh.answering, comment)
    #expect(world.openDoors == fresh.openDoors, comment)
    #expect(Set(world.hosts.keys) == Set(fresh.hosts.keys), comment)
    // Stores go on as the stage had them that brought them.
    let isForPeople = { (host: String, _: Level) in
      host.hasPrefix("server-") || host.hasPrefix("service-") || host == "front-door"
    }
    let stages = { (hosts: [String: Level]) in hosts.filter(isForPeople).mapValues(\.stage) }
    #expect(stages(world.hosts) == stages(fresh.hosts), comment)
    #expect(Set(world.roles.keys) == Set(fresh.roles.keys), comment)
    #expect(world.placement?.clusters ?? [:] == fresh.placement?.clusters ?? [:], comment)
    #expect(world.placement?.cache == fresh.placement?.cache, comment)
    #expect(world.placement?.services ?? [:] == fresh.placement?.services ?? [:], comment)
    #expect(world.placement?.keys ?? [:] == fresh.placement?.keys ?? [:], comment)
    #expect(world.placement?.objects ?? [.folder] == fresh.placement?.objects ?? [.folder], comment)
    if there.stage == .launchPage {
      #expect(Set(world.waitlists[.launch] ?? []) == Set(world.acknowledged), comment)
    } else if change.before.stage == .launchPage {
      #expect(Set(world.waitlists[.app] ?? []) == Set(world.acknowledged), comment)
    }
  }
}
