// A server allows what the app opens at its most instances, and somebody else's besides.

import Policies
import Testing

@Suite struct ConnectionNeedTests {
  @Test func aLoopOpensWhatThePlannerCounts() {
    #expect(ConnectionNeed.perLoop(databases: 1) == 5)
    #expect(ConnectionNeed.perLoop(databases: 2) == 10)
    #expect(ConnectionNeed.perLoop(databases: 5) == 13)
  }

  @Test func aServerAllowsAllInstancesAndOneThatTakesAnothersPlace() {
    // Nine processes of two loops with thirteen, and one each that asks how the server is.
    #expect(ConnectionNeed.ofServer([(8, 2)], databases: 5) == 9 * 27 + 20)
    #expect(ConnectionNeed.ofServer([(2, 1), (3, 4)], databases: 1) == 3 * 6 + 4 * 21 + 20)
    #expect(ConnectionNeed.ofServer([], databases: 1) == ConnectionNeed.reserve)
  }

  @Test func noMoreThanTheMemoryBears() {
    #expect(ConnectionNeed.bearable(memoryBytes: 8 << 30) == 901)
    #expect(ConnectionNeed.bearable(memoryBytes: 1 << 40) == 5_000)
    #expect(ConnectionNeed.borne(memoryBytes: 8 << 30) == 1_638)
  }
}
