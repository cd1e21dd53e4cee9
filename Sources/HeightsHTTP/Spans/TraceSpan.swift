// What was done for a request: a span, as OpenTelemetry has it.

/// Something that was done for a request, from its beginning to its end.
package struct TraceSpan: Sendable {
  /// Its own name within the trace; never 0.
  package let id: UInt64
  /// The span that it is a part of; 0 where the trace begins.
  package let parent: UInt64
  /// On the clock that never jumps.
  package let begun: Deadline
  /// Not before `begun`.
  package let ended: Deadline
  /// What it is about.
  package let subject: any SpanSubject
  /// The class of what went wrong, such as `timeout`; nil when nothing did.
  package let failure: String?
}

/// What a span is about. It is put into words only if its trace is kept, and on another thread then.
package protocol SpanSubject: Sendable {
  /// Who was at work.
  var kind: SpanKind { get }
  /// What was done, in few words that are the same for many: `GET /posts/{id}`, `SELECT posts`.
  var name: String { get }
  /// By the names of OpenTelemetry's semantic conventions. Never what people wrote, and no values of statements.
  var attributes: [SpanAttribute] { get }
}

/// Who was at work, in the numbers of OTLP.
package enum SpanKind: Int, Sendable {
  /// Nobody else was asked, or several were.
  case inside = 1
  /// Somebody asked, and this is the answer.
  case server = 2
  /// Somebody else was asked.
  case client = 3
}

/// A fact about a span.
package struct SpanAttribute: Equatable, Sendable {
  /// What OTLP has of values, as far as it is used.
  package enum Value: Equatable, Sendable {
    case text(String)
    case number(Int)
  }

  /// Such as `http.route`.
  package let name: String
  /// A text or a number.
  package let value: Value

  /// - Parameter name: such as `http.route`.
  package init(_ name: String, _ text: String) { (self.name, value) = (name, .text(text)) }

  /// - Parameter name: such as `http.response.status_code`.
  package init(_ name: String, _ number: Int) { (self.name, value) = (name, .number(number)) }
}

extension SpanAttribute {
  /// Of a text that may be long.
  /// - Parameters:
  ///   - name: such as `url.path`.
  ///   - limitBytes: how much of it is told, in UTF-8; less by what is left of a character.
  package init(_ name: String, _ text: String, limitBytes: Int) {
    guard text.utf8.count > limitBytes else {
      self.init(name, text)
      return
    }
    var end = text.utf8.index(text.utf8.startIndex, offsetBy: limitBytes)
    // Back to where a scalar begins.
    while text.utf8[end] & 0b1100_0000 == 0b1000_0000 { text.utf8.formIndex(before: &end) }
    self.init(name, String(text[..<end]))
  }

  /// Which server was asked.
  package static func server(_ host: String, port: Int?) -> [SpanAttribute] {
    [SpanAttribute("server.address", host)] + (port.map { [SpanAttribute("server.port", $0)] } ?? [])
  }
}
