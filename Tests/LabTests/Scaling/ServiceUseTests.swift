// How busy a service is follows from what its instances have told twice.

import Testing
import Topology

@testable import Lab

@Suite struct ServiceUseTests {
  private func reading(
    _ atMs: Int, pid: Int32 = 7, loops: Int = 2, busy: Double = 0, cpu: Double = 0, requests: Double = 0
  ) -> WorkReading {
    WorkReading(atMs: atMs, pid: pid, loops: loops, busySeconds: busy, cpuSeconds: cpu, requests: requests)
  }

  @Test func theBusierOfLoopsAndProcessorsCounts() {
    let first = reading(1_000, busy: 10, cpu: 20, requests: 100)
    let byLoops = reading(3_000, busy: 12, cpu: 21, requests: 400).since(first)
    #expect(byLoops == WorkDone(utilisation: 0.5, busyCores: 1, requestsPerSecond: 150))
    // Passwords are hashed by threads beside the loops.
    let byProcessors = reading(3_000, busy: 10.1, cpu: 23, requests: 100).since(first)
    #expect(byProcessors == WorkDone(utilisation: 0.75, busyCores: 1.5, requestsPerSecond: 0))
    // More than there is can't be: the clocks are read a moment apart.
    #expect(reading(2_000, busy: 12.1, cpu: 20).since(reading(1_000, busy: 10, cpu: 20))?.utilisation == 1)
  }

  @Test func anotherProcessOrNoTimeSaysNothing() {
    let first = reading(1_000, requests: 5)
    #expect(reading(2_000, pid: 8, requests: 9).since(first) == nil)
    #expect(reading(1_000, requests: 5).since(first) == nil)
    #expect(reading(2_000, requests: 4).since(first) == nil)
  }

  @Test func whatAnAppTellsIsReadWithoutQuestionsWhetherItIsWell() {
    let text = """
      # TYPE event_loop_busy_seconds_total counter
      event_loop_busy_seconds_total{loop="0"} 1.5
      event_loop_busy_seconds_total{loop="1"} 2
      http_requests_total{method="GET",route="/readyz",status="200"} 1000
      http_requests_total{method="GET",route="/healthz",status="200"} 1000
      http_requests_total{method="GET",route="/posts/{id}",status="200"} 40
      http_requests_total{route="none",status="404"} 2
      http_request_duration_seconds_count{method="GET",route="/posts/{id}"} 40
      """
    let told = WorkReading(atMs: 1, pid: 7, metrics: Array(text.utf8), cpuSeconds: 3, cores: 4)
    #expect(told == reading(1, loops: 2, busy: 3.5, cpu: 3, requests: 42))
    // A program that tells nothing of itself.
    let silent = WorkReading(atMs: 1, pid: 7, metrics: [], cpuSeconds: 3, cores: 4)
    #expect(silent == reading(1, loops: 4, cpu: 3))
  }

  @Test func figuresForPeopleAreOfFiveSecondsAndDecisionsOfTheLastOne() throws {
    var use = ServiceUse()
    for second in 0...20 {
      use.take(["a": reading(second * 1_000, loops: 1, busy: second < 20 ? 0 : 1)])
    }
    #expect(use.last(of: ["a", "b"]).mapValues(\.utilisation) == ["a": 1])
    #expect(use.lately(of: ["a"]).mapValues(\.utilisation) == ["a": 0.2])
    // Who is started anew begins anew.
    use.take(["a": reading(21_000, pid: 8, loops: 1)])
    #expect(use.lately(of: ["a"]).isEmpty)
    use.take([:])
    use.take(["a": reading(23_000, pid: 8, loops: 1, busy: 1)])
    #expect(use.last(of: ["a"]).isEmpty)
  }

  @Test func readingsThatAreFarApartAreComparedAllTheSame() {
    var use = ServiceUse()
    for second in [0, 10, 20] {
      use.take(["a": reading(second * 1_000, loops: 1, busy: Double(second / 20))])
    }
    #expect(use.lately(of: ["a"]).mapValues(\.utilisation) == ["a": 0.1])
  }

  @Test func fullyUsedIsARateOfACoreAtTheTarget() throws {
    let scaled = ScaledService(
      name: "web", scaling: Scaling(minimum: 3, desired: 3, maximum: 12), zones: 3, instances: [])
    func service(_ work: [String: WorkDone]) -> LabSnapshot.Service {
      LabSnapshot.Service(scaled, mode: .load, instances: 3, most: 8, work: work)
    }
    let work = WorkDone(utilisation: 0.25, busyCores: 0.5, requestsPerSecond: 100)
    let idle = WorkDone(utilisation: 0.05, busyCores: 0.1, requestsPerSecond: 20)
    let told = service(["a": work, "b": work, "c": idle])
    #expect(abs(try #require(told.utilisation) - 0.55 / 3) < 1e-9)
    #expect(abs(try #require(told.idleShare) - (1 - 0.55 / 3)) < 1e-9)
    #expect(told.requestsPerSecond == 220)
    // 1.1 cores were busy for 220 a second: a core that is 60 % busy answers 120.
    #expect(abs(try #require(told.requestsPerCoreAtTarget) - 120) < 1e-9)
    // Nothing known, and too little to do to tell.
    #expect(service([:]).utilisation == nil && service([:]).idleShare == nil)
    let calm = WorkDone(utilisation: 0.01, busyCores: 0.02, requestsPerSecond: 1)
    #expect(service(["a": calm]).requestsPerCoreAtTarget == nil)
  }
}
