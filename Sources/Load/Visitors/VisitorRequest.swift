// Requests as visitors' browsers send them, and what those keep of the answers.

import HeightsHTTP
import HeightsRuntime

extension HTTPClient.Settings {
  /// Of whoever looks at an app as its visitors do.
  static func visitors(
    connections: Int = 256, waiting: Int = 4_096, timeoutMs: Int = 10_000, bodyBytes: Int = 4 << 20
  ) -> HTTPClient.Settings {
    HTTPClient.Settings(
      userAgent: "heights-load", connections: connections, waiting: waiting, timeoutMs: timeoutMs,
      bodyBytes: bodyBytes, keptHeaders: [ClientResponse.setCookie], sendsOrigin: true)
  }
}

extension HTTPClient {
  /// A client for whoever looks at an app as its visitors do.
  init(_ endpoint: Endpoint, on loop: EventLoop) { self.init(endpoint, on: loop, .visitors()) }
}

extension Endpoint {
  private static let addressMs: Int32 = 2_000

  /// Where load, or a check of its ledger, goes: of a name with several addresses to the first that answers.
  /// - Throws: `LoadError` when it is written wrongly or has no address.
  static func target(_ target: String) throws(LoadError) -> Endpoint {
    do { return try http(target).answering(withinMs: addressMs) } catch { throw LoadError(error) }
  }

  /// - Throws: `LoadError` when the path is too long.
  static func adminSocket(_ path: String) throws(LoadError) -> Endpoint {
    do { return try .unix(path) } catch { throw LoadError(error) }
  }
}

extension LoadError {
  fileprivate init(_ error: EndpointError) {
    switch error {
    case .malformed(let target):
      self = .invalidOption(name: "target", expected: "http://HOST:PORT", found: "'\(target)'")
    case .unreachable(let target, let reason): self = .unreachable(target: target, reason: reason)
    }
  }
}

extension ClientRequest {
  private static let cookie = "Cookie"
  private static let idempotencyKey = "Idempotency-Key"

  /// - Parameter cookie: `name=value` of the session.
  init(_ method: String, _ path: String, json: String? = nil, cookie: String? = nil) {
    self.init(
      method, path, body: json.map { Body(mediaType: "application/json", bytes: Array($0.utf8)) },
      cookie: cookie)
  }

  init(_ method: String, _ path: String, body: Body?, cookie: String?) {
    self.init(method, path, headers: cookie.map { [Header(Self.cookie, $0)] } ?? [], body: body)
  }

  static func get(_ path: String, cookie: String? = nil) -> ClientRequest {
    ClientRequest("GET", path, cookie: cookie)
  }

  /// The same, as one that does the same when it is sent twice.
  var repeatable: ClientRequest {
    var request = self
    request.mayRetry = true
    return request
  }

  /// The same with a key, by which the app knows it again.
  func keyed(_ key: String) -> ClientRequest {
    var request = repeatable
    request.headers.append(Header(Self.idempotencyKey, key))
    return request
  }

  /// The same from the browser of another session, or of none.
  func asked(with cookie: String?) -> ClientRequest {
    var request = self
    request.headers.removeAll { $0.name == Self.cookie }
    if let cookie { request.headers.append(Header(Self.cookie, cookie)) }
    return request
  }

  /// By which the app knows it again.
  var idempotencyKey: String? { header(Self.idempotencyKey) }
}

extension ClientResponse {
  fileprivate static let setCookie = "Set-Cookie"

  /// `name=value` of each cookie that it sets.
  var cookies: [String] {
    headers.filter { $0.name == Self.setCookie }.map { String($0.value.prefix { $0 != ";" }) }
  }
}
