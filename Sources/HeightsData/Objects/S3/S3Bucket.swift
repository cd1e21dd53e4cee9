// Objects in a bucket that speaks S3: AWS' own, or the lab's.

import Contract
import Foundation
import Policies
import Synchronization

/// Why the bucket did not do what was asked.
public enum S3Error: Error, Equatable, CustomStringConvertible, ProblemConvertible {
  /// No answer, or none that tells anything.
  case away(String)
  /// A refusal: its HTTP status and S3's code for it.
  case refused(Int, String)

  public var description: String {
    switch self {
    case .away(let reason): "the object store is away: \(reason)"
    case .refused(let status, let code): "the object store refused: HTTP \(status) \(code)"
    }
  }

  public var problem: Problem {
    Problem(
      .serviceUnavailable, title: "The store of files doesn't answer", detail: "Try again in a moment.",
      retryAfterSeconds: 1)
  }
}

/// The objects below `media/` and the static files below `static/` in a bucket, where the CDN finds them under the path
/// that pages name.
///
/// Requests are made by libcurl, on threads of their own: a store that hangs keeps nobody else. They are signed by the
/// store's clock, as its answers tell it: it refuses what is more than 15 minutes from it, and a host's own may be wrong.
package final class S3Bucket: Sendable {
  private static let prefix = "media/"
  private static let threads = 8
  private static let waiting = 256
  private static let tries = 3
  private static let pauses = BackOff(firstMs: 50, limitMs: 100)
  private static let late = "the request was due before it answered"
  private static let away = "it has failed too often; it is tried again within a second"

  /// From where on a clock that differs may be why a request was refused.
  private static let skewSeconds = 300

  let metrics = S3Metrics()
  private let endpoint: String
  /// Of `endpoint`: as the header says it, and what follows.
  private let host: String
  private let folder: String
  private let region: String
  private let credentials: S3Credentials
  private let transfers = CurlHandles()
  private let pool: BlockingPool
  /// While S3 fails nobody waits for it, but for one at a time who tries.
  private let breaker = Mutex(CircuitBreaker.closed)
  private let nowSeconds: @Sendable () -> Int
  /// How far the store's clock is ahead of ours, once it has refused something for that.
  private let aheadSeconds = Atomic<Int>(0)

  /// - Parameter variables: `HEIGHTS_OBJECTS_BUCKET`, `AWS_REGION`, `AWS_ENDPOINT_URL_S3` for a store that isn't AWS', and
  ///   the usual ones of credentials; without these they are those of the instance's role.
  /// - Returns: nil when no bucket is named.
  /// - Throws: `EnvironmentError`.
  package init?(
    _ variables: [String: String], nowSeconds: @escaping @Sendable () -> Int = { Int(wallClockMs() / 1_000) }
  ) throws {
    self.nowSeconds = nowSeconds
    guard let bucket = variables[.objectsBucket] else { return nil }
    guard let region = variables[.region] ?? variables["AWS_DEFAULT_REGION"] else {
      throw EnvironmentError(description: "AWS_REGION is not set, and HEIGHTS_OBJECTS_BUCKET is '\(bucket)'")
    }
    let isName = { (text: String) in
      text.utf8.allSatisfy { $0 == 45 || $0 == 46 || (48...57).contains($0) || (97...122).contains($0) }
    }
    guard (3...63).contains(bucket.utf8.count), isName(bucket), isName(region) else {
      throw EnvironmentError(
        description: "HEIGHTS_OBJECTS_BUCKET is '\(bucket)', AWS_REGION '\(region)': expected names of AWS")
    }
    if let endpoint = variables[.objectsEndpoint] ?? variables["AWS_ENDPOINT_URL"] {
      guard let url = URL(string: endpoint), url.host != nil, ["http", "https"].contains(url.scheme ?? "")
      else {
        throw EnvironmentError(
          description: "AWS_ENDPOINT_URL_S3 is '\(endpoint)': expected http://HOST:PORT or https://HOST")
      }
      self.endpoint = (endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint) + "/" + bucket
    } else {
      endpoint = "https://\(bucket).s3.\(region).amazonaws.com"
    }
    let place = endpoint.components(separatedBy: "://")[1]
    host = place.split(separator: "/", maxSplits: 1).first.map(String.init) ?? place
    folder = String(place.dropFirst(host.utf8.count))
    self.region = region
    credentials = S3Credentials(variables)
    pool = try BlockingPool(name: "s3", threads: Self.threads, queueLimit: Self.waiting)
  }

  /// Ends its threads. Nothing is asked afterwards.
  package func close() { pool.close() }

  // MARK: Objects

  /// Returns when S3 has it.
  func put(_ bytes: [UInt8], _ key: ObjectKey) async throws {
    try await put(bytes, at: Self.prefix + key.text, hash: key.hash)
  }

  /// For good: the path says what is in it.
  /// - Parameter hash: the SHA-256 of the bytes, which S3 compares.
  package func put(_ bytes: [UInt8], at path: String, hash: String) async throws {
    let answer = try await send(
      "PUT", PercentEncoding.encode(path: path), hash: hash,
      headers: ["Content-Type: \(MediaType.of(path))", "Cache-Control: \(Assets.forGood)"], body: bytes)
    try answer.check()
  }

  func contains(_ key: ObjectKey) async throws -> Bool { try await contains(Self.prefix + key.text) }

  /// Whether something is there under that path.
  package func contains(_ path: String) async throws -> Bool {
    let answer = try await send("HEAD", PercentEncoding.encode(path: path))
    if answer.status == 404 { return false }
    try answer.check()
    return true
  }

  /// The content in a file without a name; nil when there is none.
  func get(_ key: ObjectKey) async throws -> FileSlice? {
    let answer = try await send("GET", Self.prefix + key.text)
    if answer.status == 404 { return nil }
    try answer.check()
    return answer.file
  }

  /// All keys, in S3's order.
  func keys() async throws -> [ObjectKey] {
    var (keys, token): ([ObjectKey], String?) = ([], nil)
    repeat {
      // In the order that the signature wants.
      let query =
        (token.map { "continuation-token=\(S3List.encoded($0))&" } ?? "") + "list-type=2&prefix=media%2F"
      let answer = try await send("GET", "?" + query)
      try answer.check()
      let page = S3List(String(decoding: try answer.file.read(), as: UTF8.self))
      keys += page.keys.compactMap { ObjectKey(String($0.dropFirst(Self.prefix.count))) }
      token = page.next
    } while token != nil
    return keys
  }

  // MARK: Requests

  private static let emptyHash = ObjectKey.hash([])

  /// Asks, and asks again after a failure that may pass: all of these may be done twice. The caller's request, where there is
  /// one, gives its trace, and the time until it is due.
  private func send(
    _ method: String, _ path: String, hash: String = emptyHash, headers: [String] = [], body: [UInt8] = []
  ) async throws -> CurlAnswer {
    let url = endpoint + "/" + path
    let request = CurrentRequest.context
    return try await pool.run { [self, due = request?.due] in
      for attempt in 1... {
        if due?.hasPassed ?? false { throw S3Error.away(Self.late) }
        guard breaker.withLock({ $0.isClosed || $0.beginTrial(nowNs: Deadline.now.uptimeNanoseconds) }) else {
          metrics.skipped.add(1, ordering: .relaxed)
          throw S3Error.away(Self.away)
        }
        let (start, ahead) = (ContinuousClock.now, aheadSeconds.load(ordering: .relaxed))
        let span = request?.beginSpan()
        let trace = span?.trace ?? request?.trace
        let headers = headers + (trace.map { ["traceparent: \($0.traceparent)"] } ?? [])
        let result = Result {
          try transfers.send(
            CurlRequest(
              method: method, url: url, headers: headers + signature(method, path, hash, ahead), body: body,
              timeoutMs: min(CurlRequest.limitMs, max(due?.remainingMs ?? .max, 1))))
        }
        span?.end(
          S3Span(method: method, host: host, status: try? result.get().status),
          failure: S3Span.failure(of: result))
        let spent = (ContinuousClock.now - start).components
        metrics.microseconds.add(
          Int(spent.seconds) * 1_000_000 + Int(spent.attoseconds / 1_000_000_000_000), ordering: .relaxed)
        if case .success(let answer) = result, answer.status < 500 {
          metrics.answered.add(1, ordering: .relaxed)
          note(succeeded: true)
          if attempt < Self.tries, isRefusedForItsTime(answer, ahead) { continue }
          return answer
        }
        metrics.failed.add(1, ordering: .relaxed)
        // Whose request is due says nothing of the store, unless it is the one who tries.
        if !(due?.hasPassed ?? false) || !breakerState.isClosed { note(succeeded: false) }
        if attempt == Self.tries { return try result.get() }
        usleep(UInt32(Self.pauses.ms(afterFailures: attempt)) * 1_000)
      }
      preconditionFailure("the loop has no end")
    }
  }

  private func signature(
    _ method: String, _ path: String, _ hash: String, _ aheadSeconds: Int
  ) throws -> [String] {
    let parts = path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    return AWSSignature(
      credentials: try credentials.current(transfers), region: region, service: "s3"
    ).headers(
      method, host: host, path: "\(folder)/\(parts[0])", query: parts.count > 1 ? String(parts[1]) : "",
      hash: hash, at: nowSeconds() + aheadSeconds
    ).map { "\($0.name): \($0.value)" }
  }

  /// Whether a refusal tells of another time than what the request was signed at; the next one is signed at that.
  private func isRefusedForItsTime(_ answer: CurlAnswer, _ signedAheadSeconds: Int) -> Bool {
    guard answer.status == 403, let seconds = answer.seconds else { return false }
    let ahead = seconds - nowSeconds()
    if abs(ahead - signedAheadSeconds) < Self.skewSeconds { return false }
    Log.warning("the object store has another time", [("secondsAhead", "\(ahead)")])
    aheadSeconds.store(abs(ahead) < Self.skewSeconds ? 0 : ahead, ordering: .relaxed)
    return true
  }

  private func note(succeeded: Bool) {
    let opened = breaker.withLock { breaker in
      let (nowNs, chance) = (Deadline.now.uptimeNanoseconds, Double.random(in: 0...1))
      if breaker.isClosed {
        if succeeded {
          breaker.succeed()
          breaker.settle()
        }
        return !succeeded && breaker.fail(isCertain: false, nowNs: nowNs, chance: chance)
      }
      breaker.endTrial(succeeded: succeeded, nowNs: nowNs, chance: chance)
      return false
    }
    if opened { Log.warning("the object store is away") }
  }

  var breakerState: CircuitBreaker { breaker.withLock { $0 } }
}

/// A page of a listing (ListObjectsV2). Keys of ours need no unescaping.
struct S3List {
  private(set) var keys: [String] = []
  private(set) var next: String?

  init(_ xml: String) {
    var rest = xml[...]
    while let key = Self.cut("Key", &rest) { keys.append(key) }
    var all = xml[...]
    if Self.cut("IsTruncated", &all) == "true" {
      all = xml[...]
      next = Self.cut("NextContinuationToken", &all)
    }
  }

  /// What stands in the next element of that name.
  private static func cut(_ name: String, _ text: inout Substring) -> String? {
    guard let start = text.range(of: "<\(name)>"), let end = text[start.upperBound...].range(of: "</\(name)>")
    else {
      return nil
    }
    defer { text = text[end.upperBound...] }
    return String(text[start.upperBound..<end.lowerBound])
  }

  /// As AWS wants it in a query.
  static func encoded(_ text: String) -> String {
    var plain = CharacterSet.alphanumerics.intersection(CharacterSet(charactersIn: "\0"..."~"))
    plain.insert(charactersIn: "-._~")
    return text.addingPercentEncoding(withAllowedCharacters: plain) ?? text
  }
}

extension CurlAnswer {
  /// - Throws: `S3Error` unless it is a success.
  fileprivate func check() throws {
    if (200..<300).contains(status) { return }
    let text = (try? file.read()).map { String(decoding: $0.prefix(4_096), as: UTF8.self) } ?? ""
    let code = text.range(of: "<Code>").flatMap { start in
      text[start.upperBound...].range(of: "</Code>").map { String(text[start.upperBound..<$0.lowerBound]) }
    }
    throw S3Error.refused(status, code ?? "")
  }
}
