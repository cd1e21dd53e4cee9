// The trace that a request belongs to (W3C Trace Context, level 1).

import Synchronization

/// Names a request in the logs of all services that it passes through.
public struct TraceContext: Sendable, Equatable {
  /// The first half of the trace's 128 bits.
  public let traceHigh: UInt64
  /// The other half.
  public let traceLow: UInt64
  /// The caller's span, or 0 when the trace begins here.
  public let parentSpan: UInt64
  /// This request's own span.
  public let span: UInt64
  /// Whether the caller records the trace, and asks others to.
  public let sampled: Bool

  /// Goes on with the trace of a `traceparent` header, or begins one when there is none that is valid.
  /// - Parameter sampling: which of those that begin here are recorded; nil for none.
  init(
    traceparent: String?, random: inout some RandomNumberGenerator, sampling: TraceSampling? = nil
  ) {
    let parsed = traceparent.flatMap(TraceContext.parse)
    traceHigh = parsed?.high ?? random.next()
    traceLow = parsed?.low ?? random.next()
    parentSpan = parsed?.span ?? 0
    span = random.next() | 1
    sampled = parsed?.sampled ?? sampling?.takes(traceLow: traceLow) ?? false
  }

  private init(parent: TraceContext, span: UInt64) {
    (traceHigh, traceLow, sampled) = (parent.traceHigh, parent.traceLow, parent.sampled)
    (parentSpan, self.span) = (parent.span, span)
  }

  /// A span of its own within this one, for something that is asked of others.
  package func child() -> TraceContext { TraceContext(parent: self, span: SpanIDs.next()) }

  /// 32 hexadecimal digits in lower case.
  public var traceID: String { hex(traceHigh) + hex(traceLow) }

  /// The span in 13 characters (base 32), which fit in a string without memory of its own.
  var shortID: String {
    var id = ""
    withShortID { id = String(cString: $0) }
    return id
  }

  /// Calls `body` with `shortID`, ended by a zero.
  func withShortID(_ body: (UnsafePointer<CChar>) -> Void) {
    let digits: StaticString = "0123456789abcdefghijklmnopqrstuv"
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 14) { text in
      for index in 0..<13 {
        let five = Int(truncatingIfNeeded: span >> UInt64(60 - 5 * index)) & 31
        text[index] = CChar(bitPattern: digits.utf8Start[five])
      }
      text[13] = 0
      if let start = text.baseAddress { body(UnsafePointer(start)) }
    }
  }

  /// The header for calls that this request makes.
  public var traceparent: String { "00-\(traceID)-\(hex(span))-\(sampled ? "01" : "00")" }

  private static func parse(_ text: String) -> (high: UInt64, low: UInt64, span: UInt64, sampled: Bool)? {
    // Later versions may be longer; nobody's is this long.
    guard text.utf8.count <= 256 else { return nil }
    let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard parts.count >= 4, parts[0].count == 2, parts[1].count == 32, parts[2].count == 16,
      parts[3].count == 2,
      let version = number(parts[0]), version != 0xff, version > 0 || parts.count == 4,
      let high = number(parts[1].prefix(16)), let low = number(parts[1].suffix(16)), high | low != 0,
      let span = number(parts[2]), span != 0, let flags = number(parts[3])
    else { return nil }
    return (high, low, span, flags & 1 == 1)
  }

  /// Lower-case hexadecimal only, as the standard has it.
  private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      guard !(UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit),
        let four = PercentEncoding.hexValue(digit)
      else { return nil }
      value = value << 4 | UInt64(four)
    }
    return value
  }
}

/// 16 lower-case hexadecimal digits.
package func hex(_ value: UInt64) -> String {
  String(unsafeUninitializedCapacity: 16) { digits in
    for index in 0..<16 {
      let four = UInt8(truncatingIfNeeded: value >> UInt64(60 - 4 * index)) & 15
      digits[index] = four < 10 ? UInt8(ascii: "0") + four : UInt8(ascii: "a") + four - 10
    }
    return 16
  }
}

/// Names for spans, which all loops take from one place without asking the kernel for each: a counter that begins anywhere, mixed
/// (splitmix64, S. Vigna 2015).
private enum SpanIDs {
  private static let count = Atomic<UInt64>(.random(in: 0...(.max)))

  static func next() -> UInt64 {
    var id = count.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
    id = (id ^ (id >> 30)) &* 0xBF58_476D_1CE4_E5B9
    id = (id ^ (id >> 27)) &* 0x94D0_49BB_1331_11EB
    // No span is 0.
    return (id ^ (id >> 31)) | 1
  }
}

/// A fast generator for ids that need not be secret (xorshift64*, G. Marsaglia 2003 and S. Vigna 2016).
struct FastRandom: RandomNumberGenerator {
  private var state: UInt64

  init() {
    var system = SystemRandomNumberGenerator()
    state = system.next() | 1
  }

  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 2_685_821_657_736_338_717
  }
}
