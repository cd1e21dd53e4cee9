// The posts of many authors: merged as one list, and read without holding the loop up.

import Glibc
import HeightsKit
import TestSupport
import Testing

@testable import Summit

@Suite struct PostsTests {
  private func author(_ number: Int) throws -> Account {
    let shard = Shard(of: "author\(number)")
    let id = try #require(Identifier(Int64(number + 1) << 22 | Int64(shard.number) << 10))
    return Account(
      id: id, name: "author\(number)", displayName: "Author", email: "", credentials: 0)
  }

  @Test func theListOfManyIsTheNewestOfAllPageByPage() async throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var random = SplitMix(seed)
    try await withSummitDatabase("posts") { database, _ in
      let posts = PostsStore(database: database)
      let authors = try (0..<120).map(author)
      var made: [Identifier] = []
      for number in 0..<150 {
        // One of them writes much, most little, the last ones nothing.
        let author = authors[Bool.random(using: &random) ? 7 : Int.random(in: 0..<110, using: &random)]
        let post = NewPost(author: author, text: "Post \(number)", photo: nil, key: nil)
        made.append(try await posts.create(post).post.id)
      }
      let others = NewPost(author: try author(500), text: "Not theirs", photo: nil, key: nil)
      _ = try await posts.create(others)
      let reader = try author(700).id
      let liked = made.filter { _ in Bool.random(using: &random) }
      for post in liked { _ = try await posts.setLike(true, post, by: reader) }
      for post in made { _ = try await posts.setLike(true, post, by: author(701).id) }
      var read: [Identifier] = []
      var before: Identifier?
      repeat {
        let page = try await posts.page(by: authors.map(\.id), before: before, for: reader)
        read += page.items.map(\.id)
        for post in page.items {
          #expect(post.isLiked == liked.contains(post.id), "seed \(seed)")
          #expect(post.likeCount == (post.isLiked ? 2 : 1), "seed \(seed)")
        }
        #expect(page.items.count == min(PostsStore.pageSize, made.count - (read.count - page.items.count)))
        before = page.next.flatMap { Identifier($0) }
      } while before != nil
      #expect(read == made.sorted(by: >), "seed \(seed)")
    }
  }

  @Test func aPostIsLikedForWhoeverLikesItInEveryListAndForNobodyElse() async throws {
    try await withSummitDatabase("posts") { database, _ in
      let posts = PostsStore(database: database)
      let (writer, reader, other) = (try author(1), try author(2).id, try author(3).id)
      let liked = try await posts.create(NewPost(author: writer, text: "Liked", photo: nil, key: nil)).post.id
      let plain = try await posts.create(NewPost(author: writer, text: "Plain", photo: nil, key: nil)).post.id
      _ = try await posts.setLike(true, liked, by: reader)
      let likes: [(Identifier?, Set<Identifier>)] = [(reader, [liked]), (other, []), (nil, [])]
      for (who, expected) in likes {
        let lists = [
          try await posts.page(by: writer.id, before: nil, for: who),
          try await posts.page(by: [writer.id, other], before: nil, for: who),
          try await posts.popular(after: nil, for: who),
        ]
        for list in lists {
          #expect(Set(list.items.map(\.id)) == [liked, plain])
          #expect(Set(list.items.filter(\.isLiked).map(\.id)) == expected)
        }
        for id in [liked, plain] {
          let post = try await posts.with(id: id, for: who)
          #expect(post?.isLiked == expected.contains(id))
        }
      }
    }
  }

  @Test func theLoopHasItsTurnWhileManyAuthorsAreRead() async throws {
    try await withSummitDatabase("posts") { database, loop in
      let posts = PostsStore(database: database)
      let authors = try (0..<GraphStore.followLimit).map { try author($0).id }
      let turns = try await loop.run {
        var turns = 0
        // Always readable: the byte is never read.
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0 && write(ends[1], "!", 1) == 1)
        defer { for end in ends { close(end) } }
        let watch = try loop.watch(ends[0], .readable) { _ in turns += 1 }
        defer { watch.cancel() }
        _ = try await posts.page(by: authors, before: nil, for: nil)
        return turns
      }
      // In a file each statement is read at once, and there is a turn between two.
      #expect(turns >= (TestEngine.Kind.chosen == .sqlite ? 7 : 2))
    }
  }
}
