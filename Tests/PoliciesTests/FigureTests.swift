// Figures that two sides go by fit together: who is asked waits longer than who asks, and what is promised can be kept.

import Testing

@testable import Policies

@Suite struct FigureTests {
  @Test(arguments: [
    (HealthChecks.proxy, HealthChecks.targetGroup), (.names, .route53),
  ])
  func theLabNoticesWhatAWSNoticesOnlySooner(lab: HealthChecks, aws: HealthChecks) {
    #expect(lab.noticeMs < aws.noticeMs)
    #expect(lab.failures <= aws.failures && lab.successes <= aws.successes)
  }

  @Test func noticingTakesAllQuestionsThatMayHaveToFail() {
    // Half a second until the first, which hangs for 700 ms; 200 ms later another one, which hangs too.
    #expect(HealthChecks.proxy.noticeMs == 500 + 700 + 200 + 700)
    #expect(HealthChecks.proxy.noticeSeconds == 3)
    #expect(HealthChecks.names.noticeMs == 2_000 + 1_000)
    #expect(HealthChecks.edge.noticeSeconds == 2)
  }

  @Test func onAWSTheFiguresAreSomeThatItTakes() {
    for checks in [HealthChecks.targetGroup, .route53] {
      #expect(checks.intervalMs % 1_000 == 0 && checks.timeoutMs % 1_000 == 0)
      #expect(checks.timeoutMs < checks.intervalMs && checks.doubtIntervalMs == checks.intervalMs)
    }
    // ELB: 5 to 300 s, 2 to 10 in a row. Route 53: 10 or 30 s.
    #expect((5_000...300_000).contains(HealthChecks.targetGroup.intervalMs))
    #expect((2...10).contains(HealthChecks.targetGroup.failures))
    #expect([10_000, 30_000].contains(HealthChecks.route53.intervalMs))
  }

  @Test func aLeaderThatLivesRenewsItsLeaseInTime() {
    let lab = Failover.lab
    // As Patroni asks for: otherwise a member that waits for etcd loses the lead though it is well.
    #expect(lab.roundSeconds + 2 * lab.retrySeconds <= lab.leaseSeconds)
  }

  @Test func whoHangsIsNoticedByTheAppBeforeItsLeaseHasRunOut() {
    #expect(Failover.lab.silenceMs < Failover.lab.leaseSeconds * 1_000)
    #expect(Failover.lab.longestSeconds == 10 && Failover.lab.longestWhenHungSeconds == 12)
  }

  @Test func theAppKeepsAnIdleConnectionLongerThanTheBalancerThatMayUseIt() {
    #expect(KeepAlive.appSeconds > KeepAlive.awsBalancerSeconds)
  }

  @Test func whoLeavesHasTimeToAnswerWhatItHasTaken() {
    #expect(Leaving.killMs > Leaving.drainMs)
    #expect(Leaving.deregistrationSeconds * 1_000 > Leaving.drainMs)
  }

  @Test func poolsOfOneDatabaseAndOfSeveralHaveTheirCeilings() {
    // Four for the transactions of one; eight for those of all; one for the reads of each.
    #expect((1...5).map { ConnectionNeed.perLoop(databases: $0) } == [5, 10, 11, 12, 13])
  }
}
