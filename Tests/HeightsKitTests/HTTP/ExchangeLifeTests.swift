// The life of a request, race by race, and in any order of events.

import TestSupport
import Testing

@testable import HeightsHTTP

@Suite struct ExchangeLifeTests {
  private var life = ExchangeLife()

  private mutating func handle() {
    life.enqueue()
    #expect(life.begin(hasRoom: true) == .handle)
  }

  @Test mutating func aRequestIsReceivedHandledAndAnswered() {
    #expect(life.isWanted)
    handle()
    #expect(life.holdsPlace)
    #expect(life.leavePlace() == true)
    #expect(life.answer() == .send)
    life.end()
    #expect(life.state == .ended)
  }

  @Test mutating func aHandlerThatWaitsSuspendsTheConnectionAndItsAnswerResumesIt() {
    handle()
    #expect(life.suspend() == true)
    #expect(life.suspend() == false)
    #expect(life.leavePlace() == true)
    #expect(life.answer() == .sendAndResume)
    #expect(life.answer() == .drop)
  }

  @Test mutating func aHandlerThatHasEndedIsNotSuspendedFor() {
    handle()
    #expect(life.answer() == .send)
    #expect(life.suspend() == false)
  }

  @Test mutating func whoHasAnAnswerBeforeTheBodyIsReadWantsNoMoreOfIt() {
    #expect(life.answer() == .send)
    #expect(!life.isWanted)
    #expect(life.answer() == .drop)
  }

  @Test mutating func oneTooManyIsAnsweredAndHoldsNoPlace() {
    life.enqueue()
    #expect(life.begin(hasRoom: false) == .refuse)
    #expect(life.answer() == .send)
    #expect(life.leavePlace() == false)
  }

  @Test mutating func aClientThatGoesWhileItsRequestWaitsIsPassedOver() {
    life.enqueue()
    life.end()
    #expect(life.begin(hasRoom: true) == .pass)
    #expect(!life.holdsPlace)
  }

  @Test mutating func aPlaceIsHeldUntilTheHandlerEndsWhoeverHasAnswered() {
    handle()
    _ = life.suspend()
    #expect(life.passDeadline() == .cancel)
    #expect(life.passDeadline() == .answer)
    #expect(life.answer() == .sendAndResume)
    life.end()
    #expect(life.holdsPlace)
    #expect(life.leavePlace() == true)
    #expect(life.leavePlace() == false)
    #expect(life.answer() == .drop)
  }

  @Test mutating func aBodyIsHeldBackUntilItIsKnownWhetherItMayCome() {
    life.askAdmission()
    #expect(life.holdBack() == true)
    #expect(life.holdBack() == false)
    #expect(life.admit() == true)
    #expect(life.isWanted)
    #expect(life.holdBack() == false)
  }

  @Test mutating func aBodyThatComesAfterItsAdmissionIsNotHeldBack() {
    life.askAdmission()
    #expect(life.admit() == false)
    #expect(life.holdBack() == false)
  }

  @Test mutating func anAdmissionThatComesAfterTheDeadlineResumesNothing() {
    life.askAdmission()
    _ = life.holdBack()
    #expect(life.passDeadline() == .cancel)
    #expect(life.passDeadline() == .answer)
    #expect(life.answer() == .sendAndResume)
    #expect(life.admit() == false)
    #expect(life.state == .answered)
  }

  /// A body without bytes is complete before it is known whether it may come.
  @Test mutating func anAdmissionThatComesWhileTheHandlerWaitsDoesNotEndItsWait() {
    life.askAdmission()
    handle()
    #expect(life.suspend() == true)
    #expect(life.admit() == false)
    #expect(life.state == .suspended)
    #expect(life.answer() == .sendAndResume)
  }

  /// Whatever happens in whatever order, nobody is answered or resumed twice, and nothing that waits is forgotten.
  @Test(arguments: 0..<20) func everyRequestIsAnsweredOnceAndEveryConnectionResumed(run: Int) {
    let seed = UInt64.random(in: 0...UInt64.max)
    print("exchange life seed: \(seed)")
    var random = SplitMix(seed)
    for _ in 0..<500 {
      var walk = ExchangeWalk(random: random)
      for _ in 0..<30 { walk.step() }
      walk.windDown()
      random = walk.random
    }
  }
}

/// One request among a client, libmicrohttpd, an admission, a handler and deadlines, each of which acts when it likes.
private struct ExchangeWalk {
  private enum Handler { case none, waits, runs, ended }

  var random: SplitMix
  private var life = ExchangeLife()
  private var handler = Handler.none
  private var isAdmissionAsked = false
  private var isSuspended = false
  private var isComplete = false
  private var answers = 0
  private var places = 0
  private var hasEnded = false

  init(random: SplitMix) { self.random = random }

  mutating func step() {
    switch Int.random(in: 0..<10, using: &random) {
    case 0 where !isComplete && !isAdmissionAsked && answers == 0:
      isAdmissionAsked = true
      life.askAdmission()
    case 1, 2: receive()
    case 3: complete()
    case 4: beginHandler(hasRoom: Int.random(in: 0..<5, using: &random) > 0)
    case 5: suspend()
    case 6: endHandler()
    case 7: admit()
    case 8: passDeadline()
    // The client goes: libmicrohttpd sees it only where the connection is not suspended.
    case 9 where Int.random(in: 0..<6, using: &random) == 0: end()
    default: break
    }
    check()
  }

  /// Everybody does what is left to do; then nothing is.
  mutating func windDown() {
    for _ in 0..<3 {
      admit()
      receive()
      complete()
      beginHandler(hasRoom: true)
      endHandler()
      check()
    }
    #expect(!isSuspended && places == 0)
    #expect(answers == 1 || hasEnded, "a client waits for ever")
    end()
    #expect(life.state == .ended)
  }

  private mutating func receive() {
    guard !isSuspended, !hasEnded, !isComplete, life.holdBack() else { return }
    isSuspended = true
  }

  private mutating func complete() {
    guard !isSuspended, !hasEnded, !isComplete else { return }
    isComplete = true
    guard life.isWanted else { return }
    life.enqueue()
    handler = .waits
  }

  private mutating func beginHandler(hasRoom: Bool) {
    guard handler == .waits else { return }
    switch life.begin(hasRoom: hasRoom) {
    case .handle:
      #expect(!hasEnded && answers == 0)
      handler = .runs
      places += 1
    case .refuse:
      handler = .ended
      answer()
    case .pass:
      #expect(hasEnded || answers > 0)
      handler = .ended
    }
  }

  private mutating func suspend() {
    guard handler == .runs, life.suspend() else { return }
    #expect(!isSuspended && !hasEnded)
    isSuspended = true
  }

  private mutating func endHandler() {
    guard handler == .runs else { return }
    handler = .ended
    if life.leavePlace() { places -= 1 }
    answer()
  }

  private mutating func admit() {
    guard isAdmissionAsked, life.admit() else { return }
    resume()
  }

  private mutating func passDeadline() {
    if isSuspended, life.passDeadline() == .answer { answer() }
  }

  private mutating func answer() {
    switch life.answer() {
    case .send:
      answers += 1
      #expect(!isSuspended)
    case .sendAndResume:
      answers += 1
      resume()
    case .drop: #expect(answers == 1 || hasEnded)
    }
  }

  private mutating func resume() {
    #expect(isSuspended, "a connection that is not suspended is resumed")
    isSuspended = false
  }

  private mutating func end() {
    guard !isSuspended, !hasEnded else { return }
    hasEnded = true
    life.end()
  }

  private func check() {
    #expect(answers <= 1 && (0...1).contains(places))
    #expect(life.holdsPlace == (places == 1))
    #expect((life.state == .heldBack || life.state == .suspended) == isSuspended)
    #expect(life.state != .suspended || handler == .runs, "nobody is left to resume it")
    #expect(life.state != .heldBack || isAdmissionAsked)
    #expect(!life.isWanted || handler == .none, "it would be handled twice")
  }
}
