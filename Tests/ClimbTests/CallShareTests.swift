// A service that does worse on servers of its own goes back to where it was, by itself.

import Placement
import Testing

@testable import Climb
@testable import Lab

@Suite struct CallShareTests {
  private static let route = Climber.Route(to: 6, listensOnPort: false, isApart: true)

  /// A climb up to the step that gives the service its share, whose servers then tell these figures.
  private func climbed(telling metrics: String) throws -> (Climber, ClimbEngine.Outcome?) {
    let climber = Climber(Self.route)
    let index = try #require(climber.stepNames.firstIndex(of: "move-posts"))
    #expect(try climber.drive(.up, stoppingBefore: 2 * index) == nil)
    climber.provider.change { $0.metricsAfterTurn = metrics }
    return (climber, try climber.drive(.up))
  }

  @Test func aServiceThatAnswersGetsAllOfItsCalls() throws {
    let (climber, outcome) = try climbed(
      telling: """
        calls_total{service="posts"} 1000
        calls_failed_total{service="posts"} 9
        calls_seconds_total{service="posts"} 50
        """)
    #expect(outcome == .committed)
    #expect(climber.provider.world.placement?.services["posts"]?.share == CallShare.all)
  }

  @Test(arguments: [
    ("calls_total{service=\"posts\"} 1000\ncalls_failed_total{service=\"posts\"} 11", "without an answer"),
    ("calls_total{service=\"posts\"} 1\ncalls_failed_total{service=\"posts\"} 1", "without an answer"),
    ("calls_total{service=\"posts\"} 10\ncalls_seconds_total{service=\"posts\"} 2.6", "260.0 ms each"),
  ])
  func aServiceThatFailsOrIsSlowGoesBackAndTheClimbSaysWhy(metrics: String, reason: String) throws {
    let (climber, outcome) = try climbed(telling: metrics)
    guard case .failed(.run, "move-posts", let told) = outcome else {
      Issue.record("\(String(describing: outcome))")
      return
    }
    #expect(told.contains(reason) && told.contains("posts"), "\(told)")
    #expect(climber.provider.world.placement?.services["posts"]?.share == 0)
    // And back it goes, or up again once it is mended.
    climber.provider.change { $0.metricsAfterTurn = "" }
    try climber.finish(.back, "after a service that failed")
  }

  @Test func whatOthersCallIsNotTakenForItsCalls() throws {
    let (_, outcome) = try climbed(
      telling: "calls_total{service=\"graph\"} 10\ncalls_failed_total{service=\"graph\"} 10")
    #expect(outcome == .committed)
  }
}
