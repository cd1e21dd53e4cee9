// Static files: conditional and range requests (RFC 9110, 13 and 14), and files compressed beforehand.

import CRuntime
import Foundation
import Glibc

/// A folder whose files are served as they are. Names that begin with a dot are not.
struct StaticFiles: Sendable {
  let directory: String
  let cacheControl: String

  /// - Throws: `Problem` 404 when there is no such file, 416 when the range lies outside of it.
  func response(to request: Request, path: String) throws -> Response {
    let path = try relativePath(path)
    let encoding = FileEncoding.best(for: request.header("Accept-Encoding"), of: directory + "/" + path)
    guard let file = OpenFile(directory + "/" + path + (encoding?.suffix ?? "")) else {
      throw Problem.notFound("There is no file \(path).")
    }
    var response = Response(headers: [("ETag", file.etag), ("Last-Modified", file.lastModified)])
    response.headers.append(("Cache-Control", cacheControl))
    response.headers.append(("Vary", "Accept-Encoding"))
    if file.isUnmodified(for: request) {
      response.status = .notModified
      // Only for its length, which must be the file's or not there (RFC 9110, 8.6): a 304 has no body.
      response.body = .file(file.whole)
      return response
    }
    response.headers.append(("Content-Type", MediaType.of(path)))
    if let encoding { response.headers.append(("Content-Encoding", encoding.name)) }
    return try file.send(request, response, ranges: encoding == nil)
  }

  private func relativePath(_ path: String) throws -> String {
    let segments = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let isPlain = segments.allSatisfy { !$0.isEmpty && $0.first != UInt8(ascii: ".") && !$0.contains(0) }
    guard isPlain, path.utf8.count < 1024 else { throw Problem.notFound("There is no such file.") }
    return path
  }
}

extension Router {
  /// Serves the files below `directory` under `prefix` (such as `/static`).
  /// - Parameter maxAgeSeconds: for how long a browser may use a file without asking again.
  public mutating func files(_ prefix: String, from directory: String, maxAgeSeconds: Int = 300) {
    let files = StaticFiles(directory: directory, cacheControl: "public, max-age=\(maxAgeSeconds)")
    get(prefix + "/{path...}") { try files.response(to: $0, path: $0.parameter("path")) }
  }

  /// Serves one file at one path.
  public mutating func file(_ path: String, from directory: String, name: String, maxAgeSeconds: Int = 0) {
    let cacheControl = maxAgeSeconds > 0 ? "public, max-age=\(maxAgeSeconds)" : "no-cache"
    let files = StaticFiles(directory: directory, cacheControl: cacheControl)
    get(path) { try files.response(to: $0, path: name) }
  }
}

/// A file's compressed form beside it: `app.css.br`, `app.css.gz`.
private enum FileEncoding: CaseIterable {
  case brotli, gzip
  var name: String { self == .brotli ? "br" : "gzip" }
  var suffix: String { self == .brotli ? ".br" : ".gz" }

  static func best(for accepted: String?, of path: String) -> FileEncoding? {
    guard let accepted else { return nil }
    let names = accepted.split(separator: ",").compactMap(acceptedName)
    return allCases.first { names.contains($0.name) && access(path + $0.suffix, R_OK) == 0 }
  }

  /// The name in one part of Accept-Encoding, unless its weight is 0 (RFC 9110, 12.5.3).
  private static func acceptedName(_ part: Substring) -> String? {
    let pieces = part.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    let weight = pieces.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) }
    return weight == 0 ? nil : pieces.first
  }
}

/// A file that is open for sending.
private struct OpenFile {
  private let descriptor: Int32
  private let size: Int
  private let modifiedSeconds: Int
  let etag: String

  init?(_ path: String) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    size = Int(info.st_size)
    modifiedSeconds = info.st_mtim.tv_sec
    let stamp = UInt64(bitPattern: Int64(info.st_mtim.tv_sec &* 1_000_000_000 &+ info.st_mtim.tv_nsec))
    etag = "\"\(String(stamp, radix: 36))-\(String(size, radix: 36))\""
  }

  var lastModified: String { HTTPDate.text(modifiedSeconds) }

  /// All of it. Takes the descriptor over.
  var whole: FileSlice { FileSlice(descriptor: descriptor, offset: 0, sizeBytes: size) }

  /// Whether the client's copy is still good.
  func isUnmodified(for request: Request) -> Bool {
    if let tags = request.header("If-None-Match") {
      tags.split(separator: ",").contains { tag in
        let tag = tag.trimmingCharacters(in: .whitespaces)
        return tag == "*" || tag == etag || tag == "W/" + etag
      }
    } else if let since = request.header("If-Modified-Since").flatMap(HTTPDate.seconds) {
      modifiedSeconds <= since
    } else {
      false
    }
  }

  func send(_ request: Request, _ response: Response, ranges: Bool) throws -> Response {
    var response = response
    response.headers.append(("Accept-Ranges", ranges ? "bytes" : "none"))
    guard ranges, let asked = request.header("Range"), let range = ByteRange(asked), isCurrent(for: request)
    else {
      response.body = .file(whole)
      return response
    }
    guard let bytes = range.within(size) else {
      close(descriptor)
      return Response(status: .rangeNotSatisfiable, headers: [("Content-Range", "bytes */\(size)")])
    }
    response.status = .partialContent
    response.headers.append(("Content-Range", "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(size)"))
    response.body = .file(FileSlice(descriptor: descriptor, offset: bytes.lowerBound, sizeBytes: bytes.count))
    return response
  }

  /// `If-Range`: a part is of use only to a client that holds the rest of the same version.
  private func isCurrent(for request: Request) -> Bool {
    guard let validator = request.header("If-Range") else { return true }
    return validator == etag || HTTPDate.seconds(validator) == modifiedSeconds
  }
}

/// A single byte range. Several at once are answered with the whole file, as the standard allows.
private enum ByteRange {
  case from(Int, to: Int?)
  case last(Int)

  init?(_ header: String) {
    guard header.hasPrefix("bytes="), !header.contains(",") else { return nil }
    let parts = header.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    switch (ByteRange.number(parts[0]), ByteRange.number(parts[1])) {
    case (let first?, let last?) where first <= last: self = .from(first, to: last)
    case (let first?, nil) where parts[1].isEmpty: self = .from(first, to: nil)
    case (nil, let count?) where parts[0].isEmpty: self = .last(count)
    default: return nil
    }
  }

  private static func number(_ text: Substring) -> Int? {
    text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
  }

  func within(_ size: Int) -> Range<Int>? {
    switch self {
    case .from(let first, let last): first < size ? first..<min(last ?? size, size - 1) + 1 : nil
    case .last(let count): count > 0 && size > 0 ? max(size - count, 0)..<size : nil
    }
  }
}

/// Dates as HTTP writes them (RFC 9110, 5.6.7).
enum HTTPDate {
  private static let format = "%a, %d %b %Y %H:%M:%S GMT"

  static func text(_ seconds: Int) -> String {
    var seconds = seconds
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 40) { buffer in
      guard let text = buffer.baseAddress else { return "" }
      strftime(text, 40, format, &parts)
      return String(cString: text)
    }
  }

  static func seconds(_ text: String) -> Int? {
    let seconds = heights_parse_http_date(text)
    return seconds < 0 ? nil : Int(seconds)
  }
}

/// Media types by file name.
public enum MediaType {
  private static let byExtension = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json", "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg",
    "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "avif": "image/avif",
    "ico": "image/x-icon",
    "txt": "text/plain; charset=utf-8", "xml": "application/xml", "woff2": "font/woff2",
    "pdf": "application/pdf",
    "webmanifest": "application/manifest+json", "mp4": "video/mp4", "wasm": "application/wasm",
  ]

  /// The type for the name's extension; `application/octet-stream` when unknown.
  public static func of(_ name: String) -> String {
    let suffix = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
    return byExtension[suffix] ?? "application/octet-stream"
  }
}
