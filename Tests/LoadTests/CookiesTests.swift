// A visitor sends what its browser would.

import Testing

@testable import Load

@Suite struct CookiesTests {
  @Test(
    arguments: [
      (nil, [], nil), (nil, ["session=1"], "session=1"), ("session=1", [], "session=1"),
      ("session=1", ["seen=a"], "session=1; seen=a"),
      ("session=1; seen=a", ["seen=b"], "session=1; seen=b"),
      ("session=1; seen=a", ["session=2", "seen=c"], "session=2; seen=c"),
      ("session=1; seen=a", ["session="], "seen=a"), ("session=1", ["session="], nil),
      (nil, ["gone="], nil), ("sess=1", ["session=2"], "sess=1; session=2"), (nil, ["a=b=c"], "a=b=c"),
    ] as [(String?, [String], String?)])
  func aLaterCookieReplacesTheEarlierOfItsName(before: String?, set: [String], after: String?) {
    #expect(Cookies.header(before, setting: set) == after)
  }

  @Test(
    arguments: [
      ("session=1", "session=1"), ("seen=a; session=1", "session=1"),
      ("__Host-session=1; seen=a", "__Host-session=1"),
      ("seen=session", nil), (nil, nil),
    ] as [(String?, String?)])
  func theSessionIsTakenOutAlone(header: String?, session: String?) {
    #expect(Cookies.session(header) == session)
  }
}
