// A trace is taken over when its header is valid, and begun when it isn't (W3C Trace Context, level 1).

import TestSupport
import Testing

@testable import HeightsHTTP

@Suite struct TraceContextTests {
  private static let trace = "0af7651916cd43dd8448eb211c80319c"
  private static let span = "b7ad6b7169203331"

  private func context(_ header: String?) -> TraceContext {
    var random = SplitMix(7)
    return TraceContext(traceparent: header, random: &random)
  }

  @Test(arguments: [
    ("00-\(trace)-\(span)-00", false), ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-03", true),
    ("00-\(trace)-\(span)-fe", false),
    // A version to come may say more after what is known.
    ("01-\(trace)-\(span)-01", true), ("cc-\(trace)-\(span)-01-what-comes", true),
    ("fe-\(trace)-\(span)-01-", true),
  ])
  func aValidParentIsTakenOver(header: String, sampled: Bool) {
    let context = context(header)
    #expect(context.traceID == Self.trace)
    #expect(hex(context.parentSpan) == Self.span)
    #expect(context.sampled == sampled)
    #expect(context.span != 0)
    #expect(hex(context.span) != Self.span)
    #expect(context.traceparent == "00-\(Self.trace)-\(hex(context.span))-0\(sampled ? 1 : 0)")
  }

  @Test(arguments: [
    nil, "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-", "00-\(trace)-\(span)-1",
    "00-\(trace)-\(span)-001",
    "00-\(trace)-\(span)-01-more", "ff-\(trace)-\(span)-01", "0-\(trace)-\(span)-01",
    "000-\(trace)-\(span)-01",
    "00-00000000000000000000000000000000-\(span)-01", "00-\(trace)-0000000000000000-01",
    "00-\(trace)0-\(span)-01",
    "00-\(trace.dropLast())-\(span)-01", "00-\(trace)-\(span)0-01", "00-\(trace)-\(span.dropLast())-01",
    "00-\(trace.uppercased())-\(span)-01", "00-\(trace)-\(span.uppercased())-01", "0G-\(trace)-\(span)-01",
    "00-\(trace)-\(span)-0x", "00_\(trace)_\(span)_01", " 00-\(trace)-\(span)-01", "00-\(trace)-\(span)-01 ",
    "00-\u{e4}\(trace.dropFirst(2))-\(span)-01",
  ])
  func anInvalidParentBeginsATrace(header: String?) {
    let context = context(header)
    #expect(context.traceID != Self.trace)
    #expect(context.traceHigh | context.traceLow != 0)
    #expect(context.parentSpan == 0)
    #expect(!context.sampled)
    #expect(self.context(context.traceparent).traceID == context.traceID)
  }

  @Test func idsDoNotRepeat() {
    var random = FastRandom()
    let contexts = (0..<1_000).map { _ in TraceContext(traceparent: nil, random: &random) }
    #expect(Set(contexts.map(\.traceID)).count == 1_000)
    #expect(Set(contexts.map(\.shortID)).count == 1_000)
    #expect(contexts.allSatisfy { $0.shortID.wholeMatch(of: /[0-9a-v]{13}/) != nil })
  }
}
