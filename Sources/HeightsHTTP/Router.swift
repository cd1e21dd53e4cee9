// Which handler answers which request.

/// Answers a request. What it throws is answered as a problem document.
public typealias Handler = @Sendable (Request) async throws -> Response

/// The routes of an app: patterns such as `/api/posts/{id}`, `/@{name}` and `/static/{path...}`.
///
/// In each segment a literal wins over a parameter, and a parameter over the rest of the path (`{name...}`).
public struct Router: Sendable {
  /// Throws what a client is told whose large body is not wanted.
  public typealias Admission = @Sendable (Request) async throws -> Void

  struct Route: Sendable {
    let method: Method
    let pattern: String
    let maxBodyBytes: Int
    /// Whether load balancers ask for it again and again: it is in no trace.
    let isHealthCheck: Bool
    let admission: Admission?
    let handler: Handler
  }

  /// Where in the path the value of a pattern's parameter stands.
  struct Parameter: Sendable, Equatable {
    let name: String
    let start: Int
    let count: Int
  }

  /// A place in the patterns. `RouteTable` is where they are looked up.
  struct Node {
    var literals: [(segment: [UInt8], node: Int)] = []
    var parameters: [(prefix: [UInt8], name: String, node: Int)] = []
    var rest: (name: String, node: Int)?
    var routes: [(method: Method, route: Int)] = []

    func route(for method: Method) -> Int? { routes.first { $0.method == method }?.route }
  }

  private(set) var routes: [Route] = []
  private(set) var nodes = [Node()]
  private(set) var checks: [@Sendable (Request) throws -> Void] = []
  private var problemPage: (@Sendable (Problem, Request) -> Response?)?

  /// Answers everything with 404.
  public init() {}

  // MARK: Building

  /// Adds a route; it answers HEAD too. `{name}` in the pattern stands for one part of the path.
  public mutating func get(_ pattern: String, _ handler: @escaping Handler) { add(.get, pattern, 0, handler) }

  /// Adds a route for those who only want to know how the process is.
  package mutating func healthCheck(_ pattern: String, _ handler: @escaping Handler) {
    add(.get, pattern, 0, isHealthCheck: true, handler)
  }

  /// - Parameters:
  ///   - maxBodyBytes: a request with a larger body is answered with 413.
  ///   - admission: is asked before a body of more than 64 KiB is taken, with the request as its headers tell it: whether
  ///     there is a session, say. The handler looks by itself again.
  public mutating func post(
    _ pattern: String, maxBodyBytes: Int = 64 << 10, admission: Admission? = nil,
    _ handler: @escaping Handler
  ) {
    add(.post, pattern, maxBodyBytes, admission: admission, handler)
  }

  /// - Parameter maxBodyBytes: a request with a larger body is answered with 413.
  public mutating func put(_ pattern: String, maxBodyBytes: Int = 64 << 10, _ handler: @escaping Handler) {
    add(.put, pattern, maxBodyBytes, handler)
  }

  /// - Parameter maxBodyBytes: a request with a larger body is answered with 413.
  public mutating func delete(_ pattern: String, maxBodyBytes: Int = 64 << 10, _ handler: @escaping Handler) {
    add(.delete, pattern, maxBodyBytes, handler)
  }

  /// Adds a check that every request has to pass before its handler runs: it throws what is answered instead.
  public mutating func require(_ check: @escaping @Sendable (Request) throws -> Void) { checks.append(check) }

  /// Adds a check that comes before all others.
  package mutating func requireFirst(_ check: @escaping @Sendable (Request) throws -> Void) {
    checks.insert(check, at: 0)
  }

  /// Shows problems to people as pages: return nil to answer with the problem document. The status is the problem's,
  /// whatever the page's is. It may be asked before the body has come, and when the server is busy: it shouldn't wait.
  public mutating func showProblems(_ page: @escaping @Sendable (Problem, Request) -> Response?) {
    problemPage = page
  }

  /// The answer to a request that failed.
  func response(to problem: Problem, _ request: Request) -> Response {
    guard var page = problemPage?(problem, request) else { return problem.response }
    page.status = problem.status
    page.headers += problem.headers
    return page
  }

  mutating func add(
    _ method: Method, _ pattern: String, _ maxBodyBytes: Int, isHealthCheck: Bool = false,
    admission: Admission? = nil, _ handler: @escaping Handler
  ) {
    precondition(pattern.hasPrefix("/"), "a route begins with /: \(pattern)")
    var node = 0
    for segment in pattern.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
      node = child(of: node, for: segment)
    }
    precondition(nodes[node].route(for: method) == nil, "the route \(method) \(pattern) stands twice")
    nodes[node].routes.append((method, routes.count))
    routes.append(
      Route(
        method: method, pattern: pattern, maxBodyBytes: maxBodyBytes, isHealthCheck: isHealthCheck,
        admission: admission, handler: handler))
  }

  private mutating func child(of node: Int, for segment: Substring) -> Int {
    guard let brace = segment.firstIndex(of: "{"), segment.hasSuffix("}") else {
      return literalChild(of: node, Array(segment.utf8))
    }
    let name = String(segment[segment.index(after: brace)...].dropLast())
    if name.hasSuffix("...") {
      precondition(segment.hasPrefix("{"), "{\(name)} stands alone in its segment: \(segment)")
      return restChild(of: node, String(name.dropLast(3)))
    }
    return parameterChild(of: node, prefix: Array(segment[..<brace].utf8), name)
  }

  private mutating func literalChild(of node: Int, _ segment: [UInt8]) -> Int {
    if let known = nodes[node].literals.first(where: { $0.segment == segment }) { return known.node }
    nodes.append(Node())
    nodes[node].literals.append((segment, nodes.count - 1))
    return nodes.count - 1
  }

  private mutating func parameterChild(of node: Int, prefix: [UInt8], _ name: String) -> Int {
    if let known = nodes[node].parameters.first(where: { $0.prefix == prefix }) {
      precondition(known.name == name, "two names for one parameter: {\(known.name)} and {\(name)}")
      return known.node
    }
    nodes.append(Node())
    nodes[node].parameters.append((prefix, name, nodes.count - 1))
    nodes[node].parameters.sort { $0.prefix.count > $1.prefix.count }
    return nodes.count - 1
  }

  private mutating func restChild(of node: Int, _ name: String) -> Int {
    if let known = nodes[node].rest { return known.node }
    nodes.append(Node())
    nodes[node].rest = (name, nodes.count - 1)
    return nodes.count - 1
  }
}
