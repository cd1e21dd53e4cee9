// A hash that others have too, and that what browsers carry is made with.

import Placement
import Testing

@Suite struct FNV1aTests {
  /// From http://www.isthe.com/chongo/src/fnv/test_fnv.c.
  @Test func itIsTheOneThatIsPublished() {
    #expect(FNV1a.hash("".utf8) == 0xcbf2_9ce4_8422_2325)
    #expect(FNV1a.hash("foobar".utf8) == 0x8594_4171_f739_67e8)
    #expect(FNV1a.shortHash("".utf8) == 0x811c_9dc5)
    #expect(FNV1a.shortHash("foobar".utf8) == 0xbf9c_f968)
  }

  @Test func clustersAndMembersAreCalledInCookiesAsTheyAlwaysWere() {
    #expect(FNV1a.shortHash("main".utf8) == 3_935_363_592)
    #expect(FNV1a.shortHash("127.0.0.1:5432".utf8) == 1_955_491_112)
  }
}
