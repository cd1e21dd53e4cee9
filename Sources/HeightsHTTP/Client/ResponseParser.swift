// HTTP/1.1 answers, read strictly: what a browser might guess at is an error here, since it may be the app that is tested.

/// Reads one answer from pieces of any size. No I/O.
package struct ResponseParser: Sendable {
  private enum Stage: Equatable {
    case statusLine
    case headers
    case fixedBody(remaining: Int)
    case chunkSize
    case chunkData(remaining: Int)
    case chunkEnd
    case trailers
    case bodyUntilClose
    case done
  }

  private static let maxLineBytes = 8 << 10
  private static let maxHeadBytes = 64 << 10

  private let maxBodyBytes: Int
  /// The headers that somebody wants to see, with the bytes of their names.
  private let kept: [(name: String, bytes: [UInt8])]
  private var stage = Stage.statusLine
  private var line: [UInt8] = []
  private var headBytes = 0
  private var response = ClientResponse()
  private var contentLength: Int?
  private var isChunked = false
  /// Whether any byte has come.
  package private(set) var hasBegun = false

  /// - Parameter keeping: the names of the headers that are told.
  package init(maxBodyBytes: Int, keeping kept: [String] = []) {
    self.maxBodyBytes = maxBodyBytes
    self.kept = kept.map { ($0, Array($0.utf8)) }
  }

  /// Takes bytes as they come.
  /// - Returns: the answer once it is whole. Bytes beyond it make it one that closes the connection: nobody asked.
  /// - Throws: `ClientFailure.malformed`.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) throws(ClientFailure) -> ClientResponse? {
    var rest = bytes[...]
    if !rest.isEmpty { hasBegun = true }
    while !rest.isEmpty, stage != .done { try step(&rest) }
    guard stage == .done else { return nil }
    if !rest.isEmpty { response.closesConnection = true }
    return response
  }

  /// The connection has ended.
  /// - Returns: the answer, when the end of the connection is what ends it.
  package func receiveEnd() -> ClientResponse? { stage == .bodyUntilClose ? response : nil }

  private mutating func step(_ rest: inout Slice<UnsafeRawBufferPointer>) throws(ClientFailure) {
    switch stage {
    case .fixedBody(let remaining):
      let left = remaining - takeBody(&rest, upTo: remaining)
      stage = left == 0 ? .done : .fixedBody(remaining: left)
    case .chunkData(let remaining):
      let left = remaining - takeBody(&rest, upTo: remaining)
      stage = left == 0 ? .chunkEnd : .chunkData(remaining: left)
    case .bodyUntilClose:
      try checkBody(response.body.count + rest.count)
      _ = takeBody(&rest, upTo: rest.count)
    case .statusLine, .headers, .chunkSize, .chunkEnd, .trailers:
      guard try takeLine(&rest) else { return }
      try read(line: line[...])
      line.removeAll(keepingCapacity: true)
    case .done: break
    }
  }

  private mutating func takeBody(_ rest: inout Slice<UnsafeRawBufferPointer>, upTo limit: Int) -> Int {
    let taken = rest.prefix(limit)
    response.body.append(contentsOf: UnsafeRawBufferPointer(rebasing: taken))
    rest = rest.dropFirst(taken.count)
    return taken.count
  }

  /// Moves bytes into `line` up to the end of the line, which is dropped.
  /// - Returns: whether the line is whole.
  private mutating func takeLine(_ rest: inout Slice<UnsafeRawBufferPointer>) throws(ClientFailure) -> Bool {
    let end = rest.firstIndex(of: 10)
    let piece = rest[..<(end ?? rest.endIndex)]
    line.append(contentsOf: UnsafeRawBufferPointer(rebasing: piece))
    headBytes += piece.count
    guard line.count <= Self.maxLineBytes, headBytes <= Self.maxHeadBytes else {
      throw .malformed("a line or a head of too many bytes")
    }
    rest = rest[(end.map { $0 + 1 } ?? rest.endIndex)...]
    guard end != nil else { return false }
    guard line.popLast() == 13 else { throw .malformed("a line that does not end in CR LF") }
    return true
  }

  private mutating func read(line: ArraySlice<UInt8>) throws(ClientFailure) {
    switch stage {
    case .statusLine: try readStatus(line)
    case .headers where line.isEmpty: try endHead()
    case .headers: try readHeader(line)
    case .chunkSize: try readChunkSize(line)
    case .chunkEnd:
      guard line.isEmpty else { throw .malformed("a chunk longer than its size") }
      stage = .chunkSize
    case .trailers: if line.isEmpty { stage = .done }
    case .fixedBody, .chunkData, .bodyUntilClose, .done: break
    }
  }

  private mutating func readStatus(_ line: ArraySlice<UInt8>) throws(ClientFailure) {
    let parts = line.split(separator: 32, maxSplits: 2, omittingEmptySubsequences: false)
    let version = parts[0]
    guard version.elementsEqual("HTTP/1.1".utf8) || version.elementsEqual("HTTP/1.0".utf8), parts.count >= 2,
      parts[1].count == 3, let status = number(parts[1], radix: 10), (100...599).contains(status)
    else { throw .malformed("not the first line of an HTTP/1 answer") }
    response.status = status
    response.closesConnection = version.last == UInt8(ascii: "0")
    stage = .headers
  }

  private mutating func readHeader(_ line: ArraySlice<UInt8>) throws(ClientFailure) {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
      line[..<colon].allSatisfy(isTokenByte),
      line[colon...].allSatisfy({ ($0 >= 32 && $0 != 127) || $0 == 9 })
    else { throw .malformed("a header that is not 'name: value'") }
    let (name, value) = (line[..<colon], line[(colon + 1)...].withoutBlanks)
    if isWord(Self.connection, name) {
      if isWord(Self.close, value) { response.closesConnection = true }
    } else if isWord(Self.contentLength, name) {
      try readContentLength(value)
    } else if isWord(Self.transferEncoding, name) {
      guard !isChunked, isWord(Self.chunked, value) else {
        throw .malformed("a transfer encoding other than chunked")
      }
      isChunked = true
    } else if let kept = kept.first(where: { isWord($0.bytes, name) }) {
      response.headers.append(Header(kept.name, String(decoding: value, as: UTF8.self)))
    }
  }

  private static let connection = Array("connection".utf8)
  private static let close = Array("close".utf8)
  private static let contentLength = Array("content-length".utf8)
  private static let transferEncoding = Array("transfer-encoding".utf8)
  private static let chunked = Array("chunked".utf8)

  private mutating func readContentLength(_ value: ArraySlice<UInt8>) throws(ClientFailure) {
    guard let length = number(value, radix: 10), contentLength ?? length == length else {
      throw .malformed("a wrong content length")
    }
    contentLength = length
  }

  private mutating func endHead() throws(ClientFailure) {
    if isChunked, contentLength != nil { throw .malformed("both a content length and chunks") }
    if response.status < 200 { return beginAgain() }
    if response.status == 204 || response.status == 304 {
      stage = .done
    } else if isChunked {
      stage = .chunkSize
    } else if let contentLength {
      try checkBody(contentLength)
      response.body.reserveCapacity(contentLength)
      stage = contentLength == 0 ? .done : .fixedBody(remaining: contentLength)
    } else {
      response.closesConnection = true
      stage = .bodyUntilClose
    }
  }

  /// An interim answer (100 Continue) is over: the real one follows, within the same bound on the head.
  private mutating func beginAgain() {
    response = ClientResponse()
    contentLength = nil
    stage = .statusLine
  }

  private mutating func readChunkSize(_ line: ArraySlice<UInt8>) throws(ClientFailure) {
    let digits = line.prefix { $0 != UInt8(ascii: ";") }
    guard let size = number(digits, radix: 16) else { throw .malformed("a wrong chunk size") }
    try checkBody(response.body.count + size)
    // Each chunk has its line; the bound on heads is not for them.
    headBytes = 0
    stage = size == 0 ? .trailers : .chunkData(remaining: size)
  }

  private func checkBody(_ bytes: Int) throws(ClientFailure) {
    guard bytes <= maxBodyBytes else { throw .malformed("a body of more than \(maxBodyBytes) bytes") }
  }
}

/// Digits only (no sign, no blank), at most 12 of them.
private func number(_ digits: ArraySlice<UInt8>, radix: Int) -> Int? {
  guard (1...12).contains(digits.count) else { return nil }
  guard digits.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
  return Int(String(decoding: digits, as: UTF8.self), radix: radix)
}

/// Whether bytes are a word of letters and dashes, whatever the case of either. Most are told apart by their length.
private func isWord(_ word: [UInt8], _ bytes: ArraySlice<UInt8>) -> Bool {
  guard word.count == bytes.count else { return false }
  for index in 0..<word.count where word[index] | 0x20 != bytes[bytes.startIndex + index] | 0x20 {
    return false
  }
  return true
}

/// RFC 9110's characters of a header's name.
private func isTokenByte(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
  case UInt8(ascii: "0")...UInt8(ascii: "9"): true
  default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
  }
}
