// What can't be a workload is refused when it is made, and what an app does not say goes by what it says.

import Testing

@testable import Workload

@Suite struct WorkloadTests {
  @Test(
    arguments: [
      ([.post: -1], "workload/post: expected a weight from 0 to 1000000, found -1.0"),
      ([.post: .nan], "workload/post: expected a weight from 0 to 1000000, found nan"),
      (
        [.signUp: 1, .like: .infinity, .post: 1_000_001],
        "workload/post: expected a weight from 0 to 1000000, found 1000001.0"
      ),
      ([:], "workload: expected at least one weight above 0"),
      ([.post: 0], "workload: expected at least one weight above 0"),
    ] as [([Action: Double], String)])
  func weightsThatMakeNoSenseAreRefused(weights: [Action: Double], words: String) {
    for make in [{ try Workload($0) }, { try Workload(named: $0) }] as [([Action: Double]) throws -> Workload]
    {
      let error = #expect(throws: WorkloadError.self) { try make(weights) }
      #expect(error?.description == words)
    }
  }

  @Test(arguments: [-0.1, 3.1, .nan, .infinity])
  func soAreExponents(exponent: Double) {
    let error = #expect(throws: WorkloadError.self) { try Workload([.post: 1], popularityExponent: exponent) }
    #expect(
      error?.description == "workload/zipfExponent: expected a number from 0 to 3, found \(exponent)")
  }

  @Test func whatDoesNotComeIsNotToldFromWhatIsNotNamed() throws {
    #expect(try Workload([.post: 1, .like: 0]) == Workload([.post: 1]))
    #expect(try Workload([.post: 1]).weight(of: .like) == 0)
    #expect(try Workload([.post: 1, .like: 2]).weight(of: [.post, .like, .follow]) == 3)
  }

  @Test func whatAnAppDoesNotNameComesInProportionToWhatItGoesWith() throws {
    let silent = try Workload(named: [.logIn: 8, .post: 5])
    #expect(
      silent
        == (try Workload([
          .logIn: 8, .post: 5, .signOut: 2, .changePassword: 1, .uploadPhoto: 0.5, .tryEndedSession: 5.5,
        ])))
    let told = try Workload(named: [.logIn: 8, .post: 5, .signOut: 0, .changePassword: 4, .uploadPhoto: 0])
    #expect(
      told == (try Workload([.logIn: 8, .post: 5, .changePassword: 4, .tryEndedSession: 6])))
    #expect(try Workload(named: [.readFeed: 1]) == Workload([.readFeed: 1]))
  }

  @Test func probesAreATenthOfAll() throws {
    let workload = try Workload([.readFeed: 8, .post: 1], popularityExponent: 2).withProbes
    #expect(workload == (try Workload([.readFeed: 8, .post: 1, .readTie: 1], popularityExponent: 2)))
  }

  @Test func theStandardOnesAreWhatAManifestCouldSay() throws {
    let named = Action.allCases.filter(\.isNamedByApps).map { ($0, Workload.standard.weight(of: $0)) }
    #expect(try Workload(named: Dictionary(uniqueKeysWithValues: named)) == .standard)
    let launch = Workload.launchPage
    #expect(launch.weight(of: Action.allCases) == launch.weight(of: [.readLaunchPage, .joinWaitlist]))
  }
}
