// An open file as an answer: conditional and range requests (RFC 9110, 13 and 14).

import Glibc

/// A file that is open for sending.
package struct OpenFile {
  private let file: FileSlice
  /// Nil for what never changes.
  private let modifiedSeconds: Int?
  private let etag: String

  /// All of a file that never changes.
  package init(_ file: FileSlice, etag: String) {
    (self.file, self.etag, modifiedSeconds) = (file, etag, nil)
  }

  /// - Returns: nil when there is no such file.
  init?(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      return nil
    }
    let size = Int(info.st_size)
    file = FileSlice(descriptor: descriptor, offset: 0, sizeBytes: size)
    modifiedSeconds = info.st_mtim.tv_sec
    let stamp = UInt64(bitPattern: Int64(info.st_mtim.tv_sec &* 1_000_000_000 &+ info.st_mtim.tv_nsec))
    etag = "\"\(String(stamp, radix: 36))-\(String(size, radix: 36))\""
  }

  /// What a request gets of the file.
  /// - Parameters:
  ///   - name: says what kind of content it is.
  ///   - encoding: how it was compressed beforehand.
  ///   - varies: whether others get it compressed.
  /// - Throws: `Problem` 416 when the range that was asked for lies outside of it.
  package func response(
    to request: Request, name: String, cacheControl: String, encoding: String? = nil, varies: Bool = false
  ) throws -> Response {
    var response = Response(headers: [("ETag", etag)])
    if let modifiedSeconds { response.headers.append(("Last-Modified", HTTPDate.text(modifiedSeconds))) }
    response.headers.append(("Cache-Control", cacheControl))
    if varies { response.headers.append(("Vary", "Accept-Encoding")) }
    if isUnmodified(for: request) {
      response.status = .notModified
      // Only for its length, which must be the file's or not there (RFC 9110, 8.6): a 304 has no body.
      response.body = .file(file)
      return response
    }
    response.headers.append(("Content-Type", MediaType.of(name)))
    if let encoding { response.headers.append(("Content-Encoding", encoding)) }
    return try send(request, response, ranges: encoding == nil)
  }

  /// Whether the client's copy is still good.
  private func isUnmodified(for request: Request) -> Bool {
    if let tags = request.header("If-None-Match") {
      tags.split(separator: ",").contains { tag in
        let tag = tag.trimmingCharacters(in: .whitespaces)
        return tag == "*" || tag == etag || tag == "W/" + etag
      }
    } else if let since = request.header("If-Modified-Since").flatMap(HTTPDate.seconds), let modifiedSeconds {
      modifiedSeconds <= since
    } else {
      false
    }
  }

  private func send(_ request: Request, _ response: Response, ranges: Bool) throws -> Response {
    var response = response
    response.headers.append(("Accept-Ranges", ranges ? "bytes" : "none"))
    guard ranges, let asked = request.header("Range"), let range = ByteRange(asked), isCurrent(for: request)
    else {
      response.body = .file(file)
      return response
    }
    let size = file.sizeBytes
    guard let bytes = range.within(size) else {
      return Response(status: .rangeNotSatisfiable, headers: [("Content-Range", "bytes */\(size)")])
    }
    response.status = .partialContent
    response.headers.append(("Content-Range", "bytes \(bytes.lowerBound)-\(bytes.upperBound - 1)/\(size)"))
    response.body = .file(
      FileSlice(descriptor: try file.duplicate(), offset: bytes.lowerBound, sizeBytes: bytes.count))
    return response
  }

  /// `If-Range`: a part is of use only to a client that holds the rest of the same version.
  private func isCurrent(for request: Request) -> Bool {
    guard let validator = request.header("If-Range") else { return true }
    if validator == etag { return true }
    guard let modifiedSeconds else { return false }
    return HTTPDate.seconds(validator) == modifiedSeconds
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
