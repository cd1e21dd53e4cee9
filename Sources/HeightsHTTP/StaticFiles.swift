// Static files, compressed beforehand or not.

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
    return try file.response(
      to: request, name: path, cacheControl: cacheControl, encoding: encoding?.name, varies: true)
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

/// Dates as HTTP writes them (RFC 9110, 5.6.7).
package enum HTTPDate {
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

  /// Since 1970; nil of what is no date.
  package static func seconds(_ text: String) -> Int? {
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
