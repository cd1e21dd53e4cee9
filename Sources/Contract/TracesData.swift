// Traces as OTLP/JSON has them: apps write them to a file or send them, and whoever runs the app reads the file.

/// The message `TracesData` of the OpenTelemetry protocol in its JSON: names in lowerCamelCase, ids in hexadecimal digits, numbers
/// of 64 bits as text, enumerations by number. A line of a file is one of these.
public struct TracesData: Codable, Equatable, Sendable {
  /// What the spans of each process are told with.
  public var resourceSpans: [ResourceSpans]

  /// From how many milliseconds on a request is slow, and kept, unless told otherwise.
  public static let usualSlowMs = 250

  /// - Parameter resourceSpans: one for each process.
  public init(resourceSpans: [ResourceSpans]) { self.resourceSpans = resourceSpans }

  /// The spans of a process.
  public struct ResourceSpans: Codable, Equatable, Sendable {
    /// The process.
    public var resource: Resource
    /// By who has written them.
    public var scopeSpans: [ScopeSpans]

    /// - Parameter scopeSpans: by who has written them.
    public init(resource: Resource, scopeSpans: [ScopeSpans]) {
      (self.resource, self.scopeSpans) = (resource, scopeSpans)
    }
  }

  /// A process, or whatever else has made spans.
  public struct Resource: Codable, Equatable, Sendable {
    /// `service.name` is among them.
    public var attributes: [Attribute]

    /// - Parameter attributes: with `service.name`.
    public init(attributes: [Attribute]) { self.attributes = attributes }
  }

  /// Spans that one library has made.
  public struct ScopeSpans: Codable, Equatable, Sendable {
    /// The library.
    public var scope: Scope
    /// In any order.
    public var spans: [Span]

    /// - Parameter spans: in any order.
    public init(scope: Scope, spans: [Span]) { (self.scope, self.spans) = (scope, spans) }
  }

  /// A library that makes spans.
  public struct Scope: Codable, Equatable, Sendable {
    /// Such as `heights`.
    public var name: String

    /// - Parameter name: such as `heights`.
    public init(name: String) { self.name = name }
  }

  /// Something that was done, from its beginning to its end.
  public struct Span: Codable, Equatable, Sendable {
    /// 32 hexadecimal digits in lower case.
    public var traceId: String
    /// 16 hexadecimal digits in lower case.
    public var spanId: String
    /// The span that it is a part of; nil where the trace begins.
    public var parentSpanId: String?
    /// What was done, in few words that are the same for many.
    public var name: String
    /// 1 inside of the process, 2 an answer to somebody, 3 somebody else was asked.
    public var kind: Int
    /// Nanoseconds since 1970, in decimal digits.
    public var startTimeUnixNano: String
    /// Nanoseconds since 1970, in decimal digits.
    public var endTimeUnixNano: String
    /// By the names of OpenTelemetry's semantic conventions.
    public var attributes: [Attribute]
    /// Nil when nothing is known to have gone wrong.
    public var status: Status?

    /// - Parameters:
    ///   - traceId: 32 hexadecimal digits in lower case.
    ///   - spanId: 16 of them.
    ///   - parentSpanId: 16 of them; nil where the trace begins.
    ///   - kind: 1 inside, 2 server, 3 client.
    ///   - startTimeUnixNano: nanoseconds since 1970.
    ///   - endTimeUnixNano: nanoseconds since 1970.
    public init(
      traceId: String, spanId: String, parentSpanId: String?, name: String, kind: Int,
      startTimeUnixNano: Int64, endTimeUnixNano: Int64, attributes: [Attribute], status: Status?
    ) {
      (self.traceId, self.spanId, self.parentSpanId) = (traceId, spanId, parentSpanId)
      (self.name, self.kind) = (name, kind)
      self.startTimeUnixNano = String(startTimeUnixNano)
      self.endTimeUnixNano = String(endTimeUnixNano)
      (self.attributes, self.status) = (attributes, status)
    }
  }

  /// How it went.
  public struct Status: Codable, Equatable, Sendable {
    /// 2: it failed.
    public var code: Int

    /// Of what failed.
    public static let failed = Status(code: 2)
  }

  /// A fact.
  public struct Attribute: Codable, Equatable, Sendable {
    /// Such as `http.request.method`.
    public var key: String
    /// A text or a number.
    public var value: Value

    /// - Parameter key: such as `http.request.method`.
    public init(_ key: String, _ value: Value) { (self.key, self.value) = (key, value) }
  }

  /// The value of a fact: one of its members is there.
  public struct Value: Codable, Equatable, Sendable {
    /// A text.
    public var stringValue: String?
    /// A whole number, in decimal digits.
    public var intValue: String?

    /// A text.
    public static func text(_ text: String) -> Value { Value(stringValue: text) }

    /// A whole number.
    public static func number(_ number: Int) -> Value { Value(intValue: String(number)) }

    /// For people.
    public var text: String { stringValue ?? intValue ?? "" }
  }
}

extension [TracesData.Attribute] {
  /// The value of that name.
  public subscript(_ key: String) -> String? { first { $0.key == key }?.value.text }
}
