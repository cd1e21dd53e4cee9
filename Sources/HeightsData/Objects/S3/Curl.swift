// Requests over HTTP by libcurl, on threads that may block.

import CCurl
import CRuntime
import Glibc
import Synchronization

struct CurlRequest: Sendable {
  let method: String
  let url: String
  var headers: [String] = []
  var body: [UInt8] = []
  var timeoutMs = limitMs

  static let limitMs = 10_000
}

struct CurlAnswer: Sendable {
  let status: Int
  /// The body, in a file without a name.
  let file: FileSlice
  /// When it was answered, by the clock of who answered, since 1970; nil when that was not said.
  let seconds: Int?
}

/// Handles that keep their connections for the next request. One thread at a time has one.
final class CurlHandles: Sendable {
  /// `@unchecked Sendable` is sound: whoever takes a handle out of `free` has it alone, and then puts it back.
  private struct Handle: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }

  private static let connectMs = 1_000
  /// A server that sends nothing for so long is given up, in seconds.
  private static let silenceSeconds = 5
  /// Bodies that are larger are refused.
  private static let bodyBytes = 64 << 20

  private let free = Mutex<[Handle]>([])

  init() { curl_global_init(Int(CURL_GLOBAL_DEFAULT)) }

  deinit { for handle in free.withLock({ $0 }) { curl_easy_cleanup(handle.pointer) } }

  /// - Throws: `S3Error.away` when there is no whole answer, `SystemError` when there is no temporary file.
  func send(_ request: CurlRequest) throws -> CurlAnswer {
    guard let handle = free.withLock({ $0.popLast()?.pointer }) ?? curl_easy_init() else {
      throw S3Error.away("no memory for a request")
    }
    defer { free.withLock { $0.append(Handle(pointer: handle)) } }
    curl_easy_reset(handle)
    let sink = try Sink(limit: Self.bodyBytes)
    var headers: UnsafeMutablePointer<curl_slist>?
    defer { curl_slist_free_all(headers) }
    // Expect: a server would have to answer it first. Empty takes curl's own header away.
    for header in request.headers + ["Expect:"] { headers = curl_slist_append(headers, header) }
    heights_curl_headers(handle, headers)
    configure(handle, request)
    let code = request.body.withUnsafeBytes { body in
      if request.method == "PUT" { heights_curl_body(handle, body.baseAddress, body.count) }
      return withExtendedLifetime(sink) {
        heights_curl_receive(handle, receive, Unmanaged.passUnretained(sink).toOpaque())
        return curl_easy_perform(handle)
      }
    }
    guard code == CURLE_OK else {
      throw S3Error.away("\(request.method) \(request.url): \(String(cString: curl_easy_strerror(code)))")
    }
    return CurlAnswer(
      status: heights_curl_status(handle), file: sink.file(),
      seconds: Int(exactly: heights_curl_date(handle)).flatMap { $0 < 0 ? nil : $0 })
  }

  private func configure(_ handle: UnsafeMutableRawPointer, _ request: CurlRequest) {
    heights_curl_text(handle, CURLOPT_URL, request.url)
    heights_curl_text(handle, CURLOPT_PROTOCOLS_STR, "http,https")
    // No environment variable and no redirect leads a signed request elsewhere.
    heights_curl_text(handle, CURLOPT_PROXY, "")
    heights_curl_number(handle, CURLOPT_FOLLOWLOCATION, 0)
    heights_curl_number(handle, CURLOPT_NOSIGNAL, 1)
    heights_curl_number(handle, CURLOPT_CONNECTTIMEOUT_MS, Self.connectMs)
    heights_curl_number(handle, CURLOPT_TIMEOUT_MS, request.timeoutMs)
    heights_curl_number(handle, CURLOPT_LOW_SPEED_LIMIT, 1)
    heights_curl_number(handle, CURLOPT_LOW_SPEED_TIME, Self.silenceSeconds)
    if request.method == "HEAD" {
      heights_curl_number(handle, CURLOPT_NOBODY, 1)
    } else {
      heights_curl_text(handle, CURLOPT_CUSTOMREQUEST, request.method)
    }
  }
}

/// Where a body goes.
private final class Sink {
  private let descriptor: Int32
  private let limit: Int
  private var size = 0
  private var isHandedOver = false

  init(limit: Int) throws {
    let folder = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
    descriptor = try SystemError.check(
      "open a temporary file in \(folder)", heights_open_unnamed(folder))
    self.limit = limit
  }

  deinit { if !isHandedOver { close(descriptor) } }

  /// - Returns: how many bytes were taken; fewer than all end the request.
  func take(_ bytes: UnsafeRawBufferPointer) -> Int {
    guard size + bytes.count <= limit else { return 0 }
    let count = max(write(descriptor, bytes.baseAddress, bytes.count), 0)
    size += count
    return count
  }

  func file() -> FileSlice {
    isHandedOver = true
    return FileSlice(descriptor: descriptor, offset: 0, sizeBytes: size)
  }
}

private let receive:
  @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
    bytes, size, count, context in
    guard let bytes, let context else { return 0 }
    let sink = Unmanaged<Sink>.fromOpaque(context).takeUnretainedValue()
    return sink.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
  }
