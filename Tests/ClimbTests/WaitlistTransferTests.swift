// Carrying a waitlist: everything, once, unchanged, in pieces that fit.

import Foundation
import Placement
import Synchronization
import Testing

@testable import Climb
@testable import Lab

@Suite struct WaitlistTransferTests {
  /// Two processes that live, each with a waitlist that a test sets; both keep what they are sent.
  private final class Lists: Provider {
    struct State {
      var lists: [Role: String?] = [:]
      var posts: [String] = []
      var postStatus = 200
      var listStatus = 200
      var forgets = false
      var saysLength = true
    }

    let state: Mutex<State>

    init(launch: String? = "", app: String? = "", _ change: (inout State) -> Void = { _ in }) {
      var fresh = State(lists: [.launch: launch, .app: app])
      change(&fresh)
      state = Mutex(fresh)
    }

    var posts: [String] { state.withLock { $0.posts } }

    func view() throws -> ProviderView { try StrictProvider().view() }
    func placement() throws -> Placement? { try StrictProvider().placement() }
    func show(_ trial: LabSnapshot.Trial) { StrictProvider().show(trial) }
    func carryOut(_ order: Order, _ say: StepVoice) throws { try StrictProvider().carryOut(order, say) }

    func get(_ process: String, _ path: String) throws -> AdminClient.Answer {
      try state.withLock { state in
        if path == "/healthz" { return Self.answer(200, "") }
        guard path == "/waitlist" else { return try StrictProvider().get(process, path) }
        guard let text = Role(rawValue: process).flatMap({ state.lists[$0] ?? nil }) else {
          return Self.answer(404, "")
        }
        return Self.answer(state.listStatus, text, saysLength: state.saysLength)
      }
    }

    func post(_ process: String, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
      try state.withLock { state in
        guard path == "/waitlist" else { return try StrictProvider().post(process, path, body) }
        guard let text = Role(rawValue: process).flatMap({ state.lists[$0] ?? nil }) else {
          return Self.answer(404, "")
        }
        state.posts.append(String(decoding: body, as: UTF8.self))
        if !state.forgets {
          Role(rawValue: process).map { state.lists[$0] = text + String(decoding: body, as: UTF8.self) }
        }
        return Self.answer(state.postStatus, "")
      }
    }

    private static func answer(_ status: Int, _ text: String, saysLength: Bool = true) -> AdminClient.Answer {
      AdminClient.Answer(
        status: status, body: Array(text.utf8), lengthBytes: saysLength ? text.utf8.count : nil)
    }
  }

  private static func lines(_ numbers: Range<Int>) -> String {
    numbers.map { "{\"email\":\"\($0)@example.com\"}\n" }.joined()
  }

  private func carry(_ lists: Lists) throws -> [String] {
    var said: [String] = []
    try WaitlistTransfer.carry(from: .launch, to: .app, lists, StepVoice { text, _ in said.append(text) })
    return said
  }

  @Test func linesArriveUnchangedWhateverElseTheyHold() throws {
    let odd = #"{ "note": {"a": [1, "ü\n"]}, "email": "k@example.com","n":1.50 }"# + "\n"
    let lists = Lists(launch: odd)
    #expect(try carry(lists) == ["1 of 1 addresses carried from launch to app"])
    #expect(lists.posts == [odd])
  }

  @Test func whatIsThereAlreadyIsNotSentAgain() throws {
    let lists = Lists(launch: Self.lines(0..<5), app: "{\"email\":\"3@example.com\",\"joinedAtMs\":1}\n")
    _ = try carry(lists)
    #expect(lists.posts == [Self.lines(0..<3) + Self.lines(4..<5)])
    #expect(try carry(lists) == ["all 5 addresses are there"])
    #expect(lists.posts.count == 1)
  }

  @Test func anEmptyListSendsNothing() throws {
    let lists = Lists(launch: "")
    #expect(try carry(lists) == ["the waitlist of launch is empty"])
    #expect(lists.posts.isEmpty)
  }

  @Test func anAppWithoutAWaitlistHasNothingToCarry() throws {
    #expect(try carry(Lists(launch: nil)) == ["the waitlist of launch is empty"])
    #expect(try carry(Lists(launch: nil, app: nil)) == ["the waitlist of launch is empty"])
    #expect(try carry(Lists(launch: "", app: nil)) == ["the waitlist of launch is empty"])
    try WaitlistTransfer.check(allOf: .launch, areIn: .app, Lists(launch: nil, app: nil))
  }

  @Test func anAppThatCannotTakeAddressesIsToldSo() {
    #expect(throws: ClimbError.waitlistNotTaken(role: "app")) {
      try carry(Lists(launch: Self.lines(0..<1), app: nil))
    }
  }

  @Test func addressesThatArriveMeanwhileAreCarriedByTheNext() throws {
    let lists = Lists(launch: Self.lines(0..<2))
    _ = try carry(lists)
    lists.state.withLock { $0.lists[.launch] = Self.lines(0..<4) }
    #expect(throws: ClimbError.entriesMissing(count: 2, from: "launch", to: "app")) {
      try WaitlistTransfer.check(allOf: .launch, areIn: .app, lists)
    }
    _ = try carry(lists)
    #expect(lists.posts.last == Self.lines(2..<4))
    try WaitlistTransfer.check(allOf: .launch, areIn: .app, lists)
  }

  @Test func addressesThatDoNotArriveFailTheStep() {
    let lists = Lists(launch: Self.lines(0..<7)) { $0.forgets = true }
    #expect(throws: ClimbError.entriesMissing(count: 7, from: "launch", to: "app")) { try carry(lists) }
  }

  @Test func aRefusedRequestIsToldWithItsStatus() {
    let refusing = Lists(launch: Self.lines(0..<1)) { $0.postStatus = 507 }
    #expect(throws: ClimbError.adminFailed(process: "app", request: "POST /waitlist", status: 507)) {
      try carry(refusing)
    }
    let silent = Lists(launch: Self.lines(0..<1)) { $0.listStatus = 500 }
    #expect(throws: ClimbError.adminFailed(process: "launch", request: "GET /waitlist", status: 500)) {
      try carry(silent)
    }
  }

  @Test func aListThatMayHaveBeenCutOffIsNotTrusted() {
    let lists = Lists(launch: Self.lines(0..<1)) { $0.saysLength = false }
    #expect(throws: ClimbError.notSo("launch's GET /waitlist says how long it is (Content-Length)")) {
      try carry(lists)
    }
  }

  @Test(arguments: ["{\"mail\":\"a@example.com\"}", "a@example.com", "[]"])
  func aLineWithoutAnAddressIsToldWithItsText(line: String) {
    let expected = ClimbError.notSo(
      "each line of launch's GET /waitlist is JSON with an email (found: \(line))")
    #expect(throws: expected) { try carry(Lists(launch: Self.lines(0..<1) + line + "\n")) }
  }

  @Test func batchesHoldAsMuchAsFitsAndKeepTheOrder() throws {
    let entries = (0..<10_000).map { number in
      let line = Array(
        "{\"email\":\"\(number)@example.com\",\"n\":\"\(String(repeating: "x", count: 60))\"}".utf8)
      return WaitlistTransfer.Entry(email: "\(number)@example.com", line: line)
    }
    let batches = try WaitlistTransfer.batches(of: entries)
    let sizes = batches.map { $0.reduce(0) { $0 + $1.line.count + 1 } }
    #expect(sizes.count > 1)
    #expect(sizes.allSatisfy { $0 <= WaitlistTransfer.batchBytes })
    // None is sent half full but the last.
    #expect(sizes.dropLast().allSatisfy { $0 + 120 > WaitlistTransfer.batchBytes })
    #expect(Array(batches.joined()) == entries)
    #expect(try WaitlistTransfer.batches(of: []).isEmpty)
  }

  @Test func batchesAreCarriedOneByOneAndTold() throws {
    let large = (0..<3).map { number in
      "{\"email\":\"\(number)@example.com\",\"n\":\"\(String(repeating: "x", count: 60_000))\"}\n"
    }
    let lists = Lists(launch: (large + large.map { $0.replacing("@", with: "@b.") }).joined())
    #expect(
      try carry(lists) == [
        "4 of 6 addresses carried from launch to app", "6 of 6 addresses carried from launch to app",
      ])
    #expect(lists.posts.count == 2)
  }

  @Test func anEntryTooLargeIsRefusedBeforeAnythingIsSent() {
    let size = WaitlistTransfer.maximumEntryBytes
    let fitting = "{\"email\":\"a@example.com\",\"n\":\"\(String(repeating: "x", count: size - 33))\"}\n"
    #expect(fitting.utf8.count == size)
    #expect(throws: Never.self) { try carry(Lists(launch: fitting)) }
    let lists = Lists(launch: Self.lines(0..<1) + fitting.replacing("a@", with: "aa@"))
    #expect(throws: ClimbError.entryTooLarge(bytes: size + 1)) { try carry(lists) }
    #expect(lists.posts.isEmpty)
  }
}
