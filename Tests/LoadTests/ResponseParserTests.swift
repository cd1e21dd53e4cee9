// Answers are read the same however their bytes are torn, and what is not HTTP is refused.

import HeightsHTTP
import Testing

@testable import Load

@Suite struct ResponseParserTests {
  private static let answers = [
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nSet-Cookie: session=abc; HttpOnly\r\n\r\nhello",
    "HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n5;note=x\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: x\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nDate: now\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 304\r\nContent-Length: 7\r\n\r\n",
    "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
  ]

  @Test(arguments: answers) func anAnswerIsTheSameHoweverItsBytesAreTorn(_ text: String) throws {
    let bytes = Array(text.utf8)
    let whole = try #require(try parse([bytes]))
    #expect(try parse(bytes.map { [$0] }) == whole)
    for split in 1..<bytes.count {
      #expect(try parse([Array(bytes[..<split]), Array(bytes[split...])]) == whole, "torn at \(split)")
      #expect(try parse([Array(bytes[..<split])]) == nil, "whole already at \(split)")
    }
  }

  @Test func whatAnAnswerSaysIsRead() throws {
    let parsed = try Self.answers.map { try #require(try parse([Array($0.utf8)])) }
    #expect(parsed.map(\.status) == [200, 201, 204, 404, 304, 200])
    #expect(parsed.map { String(decoding: $0.body, as: UTF8.self) } == ["hello", "hello!", "", "", "", "ok"])
    #expect(parsed[0].cookies == ["session=abc"])
    #expect(parsed.map(\.closesConnection) == [false, false, false, true, false, true])
  }

  @Test func aBodyWithoutALengthEndsWithTheConnection() throws {
    var parser = ResponseParser(maxBodyBytes: 100)
    #expect(try receive("HTTP/1.1 200 OK\r\n\r\nall of", &parser) == nil)
    #expect(try receive(" it", &parser) == nil)
    let answer = try #require(parser.receiveEnd())
    #expect(String(decoding: answer.body, as: UTF8.self) == "all of it")
    #expect(answer.closesConnection)
  }

  @Test func anAnswerThatIsCutOffIsNone() throws {
    var parser = ResponseParser(maxBodyBytes: 100)
    #expect(try receive("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", &parser) == nil)
    #expect(parser.receiveEnd() == nil)
  }

  @Test func bytesBeyondAnAnswerEndTheConnection() throws {
    let answer = try parse([Array("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP".utf8)])
    #expect(answer?.closesConnection == true)
  }

  @Test(arguments: [
    "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/2 200\r\n", "HTTP/1.1 20 OK\r\n", "HTTP/1.1 2000 OK\r\n",
    "HTTP/1.1 +20 OK\r\n",
    "HTTP/1.1 200 OK\n", "HTTP/1.1 200 OK\r\nno colon\r\n", "HTTP/1.1 200 OK\r\n: no name\r\n",
    "HTTP/1.1 200 OK\r\nName : blank before colon\r\n", "HTTP/1.1 200 OK\r\n folded: line\r\n",
    "HTTP/1.1 200 OK\r\nX: nul\0\r\n", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 101),
    "HTTP/1.1 200 " + String(repeating: "x", count: 9_000),
    "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 20_000),
  ])
  func whatIsNotAnAnswerIsRefused(_ text: String) {
    #expect(throws: ClientFailure.self) { try parse([Array(text.utf8)]) }
    #expect(throws: ClientFailure.self) { try parse(text.utf8.map { [$0] }) }
  }

  private func parse(_ pieces: [[UInt8]]) throws -> ClientResponse? {
    var parser = ResponseParser(maxBodyBytes: 100, keeping: ["Set-Cookie"])
    var answer: ClientResponse?
    for piece in pieces { answer = try piece.withUnsafeBytes { try parser.receive($0) } }
    return answer
  }

  private func receive(_ text: String, _ parser: inout ResponseParser) throws -> ClientResponse? {
    try Array(text.utf8).withUnsafeBytes { try parser.receive($0) }
  }
}
