// Instances follow the load: more at once, fewer after a while, and never so few that a zone could not be lost.

import Policies
import TestSupport
import Testing

@Suite struct AutoscalerTests {
  private let pace = ScalingPace.lab

  private func bounds(_ target: Int = 60, maximum: Int = 12, zones: Int = 3) -> Autoscaler.Bounds {
    Autoscaler.Bounds(minimum: zones, maximum: maximum, targetPercent: target, zones: zones)
  }

  private func sample(_ count: Int, _ utilisation: Double, missing: Int = 0) -> [String: Double] {
    Dictionary(uniqueKeysWithValues: (0..<count - missing).map { ("instance-\($0)", utilisation) })
  }

  /// The first decision other than to stay, and with which sample it came; nil after a hundred of them.
  private func first(
    _ scaler: inout Autoscaler, _ count: Int, _ utilisation: Double, missing: Int = 0
  ) -> (decision: Autoscaler.Decision, sample: Int)? {
    for number in 1...100 {
      let decision = scaler.take(
        count: count, utilisation: sample(count, utilisation, missing: missing))
      if decision != .stay { return (decision, number) }
    }
    return nil
  }

  @Test(
    arguments: [
      // At the target, and between it and the low mark.
      (3, 0.6, 60, nil), (4, 0.5, 60, nil), (10, 0.6, 60, nil),
      // In proportion, at once.
      (3, 0.9, 60, .change(to: 5, .busy(percent: 90))), (3, 1.0, 60, .change(to: 5, .busy(percent: 100))),
      (6, 0.9, 60, .change(to: 9, .busy(percent: 90))), (3, 0.1, 5, .change(to: 6, .busy(percent: 10))),
      // No further than there may be.
      (9, 1.0, 60, .change(to: 12, .busy(percent: 100))), (12, 1.0, 60, .limited(wanted: 20)),
      // Four, one zone of which has two: the other two bear no more than 2.
      (4, 0.58, 60, .change(to: 5, .zoneCouldNotBeLost(percent: 58))),
      // A high target leaves no room for the loss of a zone: three bear 2.4 when they are four or more.
      (3, 0.8, 90, .change(to: 5, .zoneCouldNotBeLost(percent: 80))),
      // Fewer: at most one in each zone at once, and never below one in each.
      (12, 0.0, 60, .change(to: 9, .idle(percent: 0))), (5, 0.1, 60, .change(to: 3, .idle(percent: 10))),
      (3, 0.0, 60, nil), (6, 0.4, 60, .change(to: 5, .idle(percent: 40))),
      // Two of three would be enough for the target, and not without a zone.
      (6, 0.52, 60, nil),
      // More than there may be, after a change of heights.json.
      (14, 0.6, 60, .change(to: 12, .aboveMaximum)), (18, 1.0, 60, .change(to: 15, .aboveMaximum)),
      // Too few.
      (2, 0.0, 60, .change(to: 3, .belowMinimum)),
    ] as [(Int, Double, Int, Autoscaler.Decision?)])
  func theNumberFollowsTheLoad(count: Int, utilisation: Double, target: Int, decision: Autoscaler.Decision?) {
    var scaler = Autoscaler(bounds(target), pace: pace)
    #expect(first(&scaler, count, utilisation)?.decision == decision)
  }

  @Test func moreComeAfterTheWarmUpAndThreeSamplesAndFewerAfterTheCoolDown() {
    var scaler = Autoscaler(bounds(), pace: pace)
    #expect(first(&scaler, 3, 0.9)?.sample == pace.warmUpSamples + pace.samplesAbove)
    scaler = Autoscaler(bounds(), pace: pace)
    #expect(first(&scaler, 6, 0.1)?.sample == pace.warmUpSamples + pace.samplesBelow)
  }

  @Test func aPeakThatPassesChangesNothing() {
    var scaler = Autoscaler(bounds(), pace: pace)
    for number in 0..<60 {
      let utilisation = number % 4 < 2 ? 1.0 : 0.5
      #expect(scaler.take(count: 3, utilisation: sample(3, utilisation)) == .stay)
    }
  }

  @Test func aBusyMomentInTheCoolDownKeepsWhatThereIs() {
    var scaler = Autoscaler(bounds(), pace: pace)
    for number in 0..<60 {
      let utilisation = number % 14 == 0 ? 0.58 : 0.05
      #expect(scaler.take(count: 5, utilisation: sample(5, utilisation)) == .stay)
    }
  }

  @Test func whatCameLateIsNotTakenAwayForAWhile() {
    var scaler = Autoscaler(bounds(), pace: pace)
    for _ in 0..<pace.warmUpSamples + pace.samplesBelow - 1 {
      #expect(scaler.take(count: 3, utilisation: sample(3, 0.1)) == .stay)
    }
    // By hand, or by its own decision: from now on the whole while passes.
    #expect(first(&scaler, 6, 0.1)?.sample == pace.warmUpSamples + pace.samplesBelow)
  }

  @Test func nothingIsTakenAwayWhileSomeTellNothing() {
    var scaler = Autoscaler(bounds(), pace: pace)
    #expect(first(&scaler, 6, 0.1, missing: 1) == nil)
    #expect(first(&scaler, 6, 0, missing: 6) == nil)
  }

  @Test func whoTellsNothingIsTakenForIdleBeforeMoreAreAdded() {
    var scaler = Autoscaler(bounds(), pace: pace)
    // Three are needed for the two that tell, and there are three.
    #expect(first(&scaler, 3, 0.65, missing: 1) == nil)
    #expect(first(&scaler, 3, 1.0, missing: 1)?.decision == .change(to: 4, .busy(percent: 100)))
  }

  @Test func instancesThatWarmUpDoNotCount() {
    var scaler = Autoscaler(bounds(), pace: pace)
    for _ in 0..<20 { _ = scaler.take(count: 3, utilisation: sample(3, 0.5)) }
    for _ in 0..<pace.warmUpSamples {
      var utilisation = sample(3, 0.5)
      for number in 3..<6 { utilisation["instance-\(number)"] = 1.0 }
      #expect(scaler.take(count: 6, utilisation: utilisation) == .stay)
    }
  }

  @Test func aDecisionThatCouldNotBeCarriedOutComesAgainAfterAWhile() {
    var scaler = Autoscaler(bounds(), pace: pace)
    _ = first(&scaler, 3, 0.9)
    #expect(first(&scaler, 3, 0.9)?.sample == pace.samplesAbove)
  }

  @Test func withOneZoneThereIsNothingLeftToBearTheLoad() {
    var scaler = Autoscaler(
      Autoscaler.Bounds(minimum: 1, maximum: 4, targetPercent: 80, zones: 1), pace: pace)
    #expect(first(&scaler, 1, 0.8) == nil)
  }

  // MARK: A load that is simulated

  /// A service under a load, an instance that starts telling in the sample after the one that asked for it.
  private struct Service {
    var scaler: Autoscaler
    var count: Int
    var changes: [Int] = []

    /// - Parameter noise: by which part what an instance does differs from its share.
    mutating func run(_ samples: Int, load: Double, noise: Double, _ random: inout SplitMix) {
      for _ in 0..<samples {
        var utilisation: [String: Double] = [:]
        for number in 0..<count {
          let share = load / Double(count) * Double.random(in: 1 - noise...1 + noise, using: &random)
          utilisation["instance-\(number)"] = min(1, share)
        }
        guard case .change(let fresh, _) = scaler.take(count: count, utilisation: utilisation) else {
          continue
        }
        count = fresh
        changes.append(fresh)
      }
    }
  }

  @Test(arguments: (0..<200).map { _ in UInt64.random(in: 0...(.max)) })
  func aSteadyLoadComesToRestInTheBandOfTheTarget(seed: UInt64) {
    var random = SplitMix(seed)
    let bounds = Autoscaler.Bounds(
      minimum: 3, maximum: Int.random(in: 3...40, using: &random),
      targetPercent: Int.random(in: 5...100, using: &random), zones: 3)
    let target = Double(bounds.targetPercent) / 100
    var service = Service(
      scaler: Autoscaler(bounds, pace: pace), count: Int.random(in: 3...bounds.maximum, using: &random))
    // Nothing is as even as a load in a test, and at one that is, nothing may move at all.
    let noise = Bool.random(using: &random) ? 0.04 : 0
    for _ in 0..<4 {
      let load = Double.random(in: 0...Double(bounds.maximum) * target, using: &random)
      service.changes = []
      service.run(500, load: load, noise: noise, &random)
      let settled = service.changes.count
      service.run(300, load: load, noise: noise, &random)
      let (count, words) = (service.count, "seed \(seed): \(bounds), load \(load), \(service.changes)")
      #expect(noise > 0 || service.changes.count == settled, "\(words): goes on")
      // It may go up and then come down to what is enough, and never up after that.
      let turn = service.changes.firstIndex(of: service.changes.max() ?? 0) ?? 0
      #expect(Array(service.changes[..<turn]) == service.changes[..<turn].sorted(), "\(words)")
      #expect(Array(service.changes[turn...]) == service.changes[turn...].sorted(by: >), "\(words)")
      #expect(service.changes.allSatisfy { (bounds.minimum...bounds.maximum).contains($0) }, "\(words)")

      let isAtMost = count == bounds.maximum
      #expect(isAtMost || load / Double(count) <= target * 1.05, "\(words): too busy")
      #expect(isAtMost || load <= Double(count - (count + 2) / 3) * 1.05, "\(words): without a zone too few")
      // One fewer would be above the low mark, be it with all zones or without one.
      let left = Double(count - 1 - (count + 1) / 3)
      let most = min(Double(count - 1) * target, left) * Double(pace.lowMarkPercent) / 100
      #expect(count == bounds.minimum || load * 1.05 > most, "\(words): too idle")
    }
  }

  @Test(arguments: (0..<50).map { _ in UInt64.random(in: 0...(.max)) })
  func whateverTheLoadDoesThereIsNeverOneFewerThanTheMinimum(seed: UInt64) {
    var random = SplitMix(seed)
    let bounds = bounds(Int.random(in: 1...100, using: &random), maximum: 20)
    var service = Service(scaler: Autoscaler(bounds, pace: pace), count: 3)
    for _ in 0..<60 {
      service.run(
        Int.random(in: 1...40, using: &random), load: Double.random(in: 0...30, using: &random), noise: 0.5,
        &random)
    }
    #expect(!service.changes.isEmpty, "seed \(seed)")
    #expect(service.changes.allSatisfy { (3...20).contains($0) }, "seed \(seed): \(service.changes)")
  }
}
