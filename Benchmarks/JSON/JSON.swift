// A feed of 20 posts as JSON and back, by HeightsKit's coder or by Foundation's: both sides of the JSON benchmark.

import Foundation
import HeightsKit

private struct Author: Codable {
  let id: Int64
  let name: String
  let displayName: String
}

private struct Post: Codable {
  let id: Int64
  let author: Author
  let text: String
  let photo: String?
  let likes: Int
  let createdAtMs: Int64
  let isLiked: Bool
}

private struct Feed: Codable {
  let items: [Post]
  let next: String?

  static let ofTwenty = Feed(
    items: (0..<20).map { number in
      Post(
        id: 7_123_456_789_012_345 + Int64(number),
        author: Author(id: Int64(number), name: "author\(number)", displayName: "Author \(number)"),
        text: "Post \(number) of somebody, from the north face, in the last light of a long day.",
        photo: number % 3 == 0 ? "\(number).jpg" : nil, likes: 7 * number,
        createdAtMs: 1_790_000_000_000 + Int64(number), isLiked: number % 2 == 0)
    }, next: "7123456789012345")
}

@main
struct JSONBenchmark {
  /// Arguments: `heights` or `foundation`, `encode` or `decode`, SECONDS. Writes how many feeds a second it did.
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let seconds = Double(arguments[3]) else {
      fatalError("expected heights|foundation encode|decode SECONDS")
    }
    let feed = Feed.ofTwenty
    let bytes = try JSON.encode(feed)
    let (data, encoder, decoder) = (Data(bytes), JSONEncoder(), JSONDecoder())
    let rate =
      switch (arguments[1], arguments[2]) {
      case ("heights", "encode"): try perSecond(seconds) { try JSON.encode(feed).count }
      case ("heights", "decode"):
        try perSecond(seconds) { try JSON.decode(Feed.self, from: bytes).items.count }
      case ("foundation", "encode"): try perSecond(seconds) { try encoder.encode(feed).count }
      case ("foundation", "decode"):
        try perSecond(seconds) { try decoder.decode(Feed.self, from: data).items.count }
      default: fatalError("expected heights|foundation encode|decode SECONDS")
      }
    FileHandle.standardOutput.write(Data("\(rate)\n".utf8))
  }

  private static func perSecond(_ seconds: Double, _ work: () throws -> Int) rethrows -> Int {
    let (start, clock) = (ContinuousClock.now, ContinuousClock())
    var count = 0
    while start.duration(to: clock.now) < .seconds(seconds) {
      for _ in 0..<100 where try work() == 0 { fatalError("a feed came to nothing") }
      count += 100
    }
    return Int(Double(count) / seconds)
  }
}
