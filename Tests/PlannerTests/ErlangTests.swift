// The queueing formulas, against published tables and against their own definitions.

import Foundation
import Testing

@testable import Planner

@Suite struct ErlangTests {
  private static func queue(servers: Int, load: Double) -> ErlangQueue {
    ErlangQueue(servers: servers, arrivalsPerSecond: load, serviceSeconds: 1)
  }

  /// The load of which so many lines turn away the share `blocking`.
  private static func load(of servers: Int, blocking: Double) -> Double {
    var (low, high) = (0.0, Double(servers) * 2)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if queue(servers: servers, load: middle).blocking < blocking { low = middle } else { high = middle }
    }
    return low
  }

  /// Rows of the table of Erlang B in appendix A of "Carrier Grade Voice over IP", second edition: the load in erlangs
  /// that so many channels carry when 0.01, 0.1, 0.5, 1, 2 and 5 % are turned away, to a tenth.
  @Test(arguments: [
    (4, [0.2, 0.4, 0.7, 0.9, 1.1, 1.5]), (5, [0.5, 0.8, 1.1, 1.4, 1.7, 2.2]),
    (6, [0.7, 1.1, 1.6, 1.9, 2.3, 3.0]),
    (7, [1.1, 1.6, 2.2, 2.5, 2.9, 3.7]), (8, [1.4, 2.1, 2.7, 3.1, 3.6, 4.5]),
    (9, [1.8, 2.6, 3.3, 3.8, 4.3, 5.4]),
  ])
  func erlangBIsThatOfThePublishedTable(channels: Int, erlangs: [Double]) {
    for (percent, expected) in zip([0.01, 0.1, 0.5, 1, 2, 5], erlangs) {
      let load = Self.load(of: channels, blocking: percent / 100)
      #expect(abs(load - expected) <= 0.0501, "\(channels) channels, \(percent) %: \(load)")
    }
  }

  /// The example in the manual of erlang.com's calculator: 15 lines carry 8.108 erlangs at 1 %.
  @Test func erlangBIsThatOfThePublishedExample() {
    #expect(abs(Self.load(of: 15, blocking: 0.01) - 8.108) < 0.0005)
  }

  /// The worked example of Call Centre Helper's page on the Erlang C formula, as recalled: 100 calls in half an hour of 180 s
  /// each, 14 agents: 17.4 % wait, 88.8 % are answered within 20 s, after 7.8 s on average.
  @Test func erlangCIsThatOfThePublishedExample() {
    let queue = ErlangQueue(servers: 14, arrivalsPerSecond: 100.0 / 1800, serviceSeconds: 180)
    #expect(abs(queue.waiting - 0.174) < 0.0005)
    #expect(abs(1 - queue.waiting(longerThan: 20) - 0.888) < 0.0005)
    #expect(abs(queue.meanWaitSeconds - 7.8) < 0.05)
  }

  /// One server: M/M/1, whose waiting share is its utilisation.
  @Test(arguments: [0.1, 0.5, 0.9, 0.999])
  func oneServerWaitsAsOftenAsItIsBusy(load: Double) {
    let queue = Self.queue(servers: 1, load: load)
    #expect(abs(queue.waiting - load) < 1e-12)
    #expect(abs(queue.meanWaitSeconds - load / (1 - load)) < 1e-9)
  }

  @Test func theRecursionIsTheDefinition() {
    for servers in 1...20 {
      for load in stride(from: 0.5, to: Double(servers), by: 0.75) {
        var term = 1.0
        var sum = 1.0
        for count in 1...servers {
          term *= load / Double(count)
          sum += term
        }
        let queue = Self.queue(servers: servers, load: load)
        #expect(abs(queue.blocking - term / sum) < 1e-12)
        let tail = term * Double(servers) / (Double(servers) - load)
        #expect(abs(queue.waiting - tail / (sum - term + tail)) < 1e-12)
      }
    }
  }

  @Test func thousandsOfServersOverflowNothing() {
    let queue = Self.queue(servers: 20_000, load: 19_500)
    #expect(queue.waiting > 0 && queue.waiting < 0.01)
    #expect(queue.meanWaitSeconds.isFinite)
  }

  @Test func aQueueThatGrowsWithoutEndSaysSo() {
    for load in [4.0, 5, 1e9] {
      let queue = Self.queue(servers: 4, load: load)
      #expect(queue.waiting == 1)
      #expect(queue.meanWaitSeconds == .infinity)
      #expect(queue.waiting(longerThan: 1e9) == 1)
    }
  }

  @Test func withoutArrivalsNobodyWaits() {
    #expect(Self.queue(servers: 3, load: 0).waiting(longerThan: 0) == 0)
  }
}
