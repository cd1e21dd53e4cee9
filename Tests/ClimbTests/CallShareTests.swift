// A service that does worse on servers of its own goes back to where it was, by itself.

import Placement
import Testing

@testable import Climb
@testable import Lab

@Suite struct CallShareTests {
  private static let route = Climber.Route(to: 6, listensOnPort: false, isApart: true)

  /// A climb in which people call, up to the step that gives the service its share, and on.
  private func climbed(_ calls: FakeCalls) throws -> (Climber, ClimbEngine.Outcome?) {
    let climber = Climber(Self.route)
    let index = try #require(climber.stepNames.firstIndex(of: "move-posts"))
    #expect(try climber.drive(.up, stoppingBefore: 2 * index) == nil)
    climber.provider.change { $0.calls = calls }
    return (climber, try climber.drive(.up))
  }

  @Test(arguments: [0, 30]) func aServiceThatDoesAsWellAsBeforeGetsAllOfItsCalls(failingHere: Int) throws {
    var calls = FakeCalls()
    (calls.each, calls.failingHere) = (10_000, failingHere)
    let (climber, outcome) = try climbed(calls)
    #expect(outcome == .committed)
    #expect(climber.provider.world.placement?.services["posts"]?.share == CallShare.all)
    let told = climber.events.filter { $0.step == "move-posts" && $0.event == .progress }.map(\.text)
    let judged = told.filter { $0.contains("calls of posts") }
    #expect(judged.count == CallShare.rungs.count, "\(told)")
    for text in judged { #expect(text.contains(" failed") && text.contains("of those that stay"), "\(text)") }
    let trials = climber.provider.trials.filter { $0.service == "posts" }
    #expect(trials.map { Int($0.share * Double(CallShare.all)) } == CallShare.rungs)
    for trial in trials {
      #expect(
        trial.verdict == .wentOn && trial.text.map { text in judged.contains { $0.hasSuffix(text) } } == true)
      #expect(trial.new.requests > 0 && trial.staying.requests > 0, "\(trial)")
    }
  }

  @Test(arguments: [(FakeCalls.Elsewhere.failing, "failed"), (.slow, "took more than")])
  func aServiceThatDoesWorseGoesBackAtTheFirstShareAndTheClimbSaysWhy(
    elsewhere: FakeCalls.Elsewhere, reason: String
  ) throws {
    var calls = FakeCalls()
    (calls.each, calls.elsewhere) = (10_000, elsewhere)
    let (climber, outcome) = try climbed(calls)
    guard case .failed(.run, "move-posts", let told) = outcome else {
      Issue.record("\(String(describing: outcome))")
      return
    }
    #expect(told.contains("1 % of the calls of posts") && told.contains(reason), "\(told)")
    #expect(told.contains("of what stays") && told.contains("there; "), "\(told)")
    let trial = try #require(climber.provider.trials.last)
    #expect(trial.service == "posts" && trial.verdict == .takenBack && told.contains(trial.text ?? "?"))
    #expect(elsewhere != .failing || trial.new.failed > trial.staying.failed, "\(trial)")
    #expect(climber.provider.world.placement?.services["posts"]?.share == 0)
    // And back it goes, or up again once it is mended.
    climber.provider.change { $0.calls = FakeCalls() }
    try climber.finish(.back, "after a service that failed")
  }

  /// What a process had counted is gone with it; those of its calls that nobody has counted are not slow.
  @Test(arguments: 1...4) func processesThatAreStartedAnewTakeNoServiceBack(after: Int) throws {
    var calls = FakeCalls()
    (calls.each, calls.restartsAfter) = (10_000, after)
    let (climber, outcome) = try climbed(calls)
    #expect(outcome == .committed)
    #expect(climber.provider.world.placement?.services["posts"]?.share == CallShare.all)
  }

  @Test func whatOthersCallIsNotTakenForItsCalls() throws {
    var calls = FakeCalls()
    (calls.each, calls.elsewhere, calls.service) = (10_000, .failing, "graph")
    let (_, outcome) = try climbed(calls)
    #expect(outcome == .committed)
  }
}
