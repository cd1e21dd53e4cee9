// The router picks the one route that a path means, and says what else would have been possible.

import Testing

@testable import HeightsHTTP

@Suite struct RouterTests {
  private static let patterns = [
    "/", "/posts", "/posts/new", "/posts/{id}", "/posts/{id}/likes", "/posts/new/likes/all", "/@{name}",
    "/@{name}/followers", "/files/{path...}", "/files/special", "/{page}", "/a//b",
  ]

  private static func router() -> Router {
    var router = Router()
    for pattern in patterns { router.get(pattern) { _ in .noContent } }
    return router
  }

  private func match(_ path: String, _ router: Router = router()) -> (pattern: String, values: [String])? {
    var path = path
    return path.withUTF8 { bytes in
      guard case .route(let index, let parameters) = RouteTable(router).match(.get, bytes) else { return nil }
      let values = parameters.map { parameter in
        String(decoding: bytes[parameter.start..<parameter.start + parameter.count], as: UTF8.self)
      }
      return (router.routes[index].pattern, values)
    }
  }

  @Test(arguments: [
    ("/", "/", []), ("/posts", "/posts", []), ("/posts/new", "/posts/new", []),
    ("/posts/17", "/posts/{id}", ["17"]), ("/posts/17/likes", "/posts/{id}/likes", ["17"]),
    // A literal wins only where the rest of the path fits too.
    ("/posts/new/likes", "/posts/{id}/likes", ["new"]), ("/posts/new/likes/all", "/posts/new/likes/all", []),
    // The longest prefix wins, and a value is never empty.
    ("/@ada", "/@{name}", ["ada"]), ("/@", "/{page}", ["@"]),
    ("/@ada/followers", "/@{name}/followers", ["ada"]),
    ("/files/special", "/files/special", []), ("/files/special/x", "/files/{path...}", ["special/x"]),
    ("/files/a/b/c", "/files/{path...}", ["a/b/c"]), ("/files/a//", "/files/{path...}", ["a//"]),
    // An encoded slash is part of its segment.
    ("/posts/a%2Fb", "/posts/{id}", ["a%2Fb"]), ("/a//b", "/a//b", []),
  ])
  func theMostPreciseRouteWins(path: String, pattern: String, values: [String]) throws {
    let found = try #require(match(path))
    #expect(found.pattern == pattern)
    #expect(found.values == values)
  }

  @Test(arguments: ["", "posts", "/posts/", "/posts/17/", "/posts/17/nothing", "/files/", "//", "/a/b", "*"])
  func whatNoRouteMeansIsNotFound(path: String) {
    #expect(match(path) == nil)
  }

  @Test func theMethodDecidesBetweenPatternsThatAPathFits() {
    var router = Router()
    router.get("/posts/new") { _ in .noContent }
    router.post("/posts/{id}") { _ in .noContent }
    router.delete("/posts/{path...}") { _ in .noContent }
    func found(_ method: Method, _ path: StaticString) -> String {
      let bytes = UnsafeBufferPointer(start: path.utf8Start, count: path.utf8CodeUnitCount)
      switch RouteTable(router).match(method, bytes) {
      case .route(let index, let parameters): return "\(router.routes[index].pattern) \(parameters.count)"
      case .otherMethods(let methods): return methods.map(\.description).joined(separator: ",")
      case .none: return "none"
      }
    }
    #expect(found(.get, "/posts/new") == "/posts/new 0")
    #expect(found(.head, "/posts/new") == "/posts/new 0")
    #expect(found(.post, "/posts/new") == "/posts/{id} 1")
    #expect(found(.delete, "/posts/new") == "/posts/{path...} 1")
    #expect(found(.put, "/posts/new") == "GET,POST,DELETE,HEAD")
    #expect(found(.get, "/posts/1") == "POST,DELETE")
    #expect(found(.get, "/posts/1/2") == "DELETE")
    #expect(found(.get, "/other") == "none")
  }

  @Test func otherMethodsAreNamedAndHeadIsAGet() {
    var router = Router()
    router.get("/both") { _ in .noContent }
    router.post("/both") { _ in .noContent }
    router.delete("/gone") { _ in .noContent }
    #expect(others(router, .put, "/both") == [.get, .post, .head])
    #expect(others(router, nil, "/gone") == [.delete])
    #expect(others(router, .head, "/gone") == [.delete])
    #expect(others(router, .head, "/both") == nil)
  }

  private func others(_ router: Router, _ method: HeightsHTTP.Method?, _ path: String) -> [HeightsHTTP
    .Method]?
  {
    var path = path
    return path.withUTF8 { bytes in
      if case .otherMethods(let methods) = RouteTable(router).match(method, bytes) { methods } else { nil }
    }
  }
}
