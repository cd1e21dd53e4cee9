// The routes of a router, laid out to be looked up.

import Glibc

/// A loop's own table of routes. It is nothing but arrays of plain values, which are read without a reference being
/// counted: to follow a tree of arrays would cost a dozen counts a request, on memory that all loops share.
final class RouteTable: Sendable {
  enum Match {
    case route(Int, [Router.Parameter])
    case otherMethods([Method])
    case none
  }

  /// A place in the patterns: where its own entries stand in the tables.
  private struct Node {
    let literals: Range<Int>
    let parameters: Range<Int>
    let routes: Range<Int>
    /// The entry of `parameters` for the rest of the path, if there is one.
    let rest: Int?
  }

  /// What leads from a node to the next: a segment, or the beginning of one.
  private struct Edge {
    /// Where it stands in `text`.
    let text: Range<Int>
    let node: Int
  }

  private let nodes: [Node]
  private let literals: [Edge]
  private let parameters: [Edge]
  /// Of each entry in `parameters`.
  private let parameterNames: [String]
  /// By node. Few methods share a pattern, so that a search beats hashing.
  private let methods: [(method: Method, route: Int)]
  private let text: [UInt8]
  private let routes: [Router.Route]
  private let checks: [@Sendable (Request) throws -> Void]
  private let router: Router

  init(_ router: Router) {
    var layout = Layout()
    for node in router.nodes { layout.add(node) }
    nodes = layout.nodes
    literals = layout.literals
    parameters = layout.parameters
    parameterNames = layout.parameterNames
    methods = layout.methods
    text = layout.text
    routes = router.routes.map { $0 }
    checks = router.checks.map { $0 }
    self.router = router
  }

  private struct Layout {
    var nodes: [Node] = []
    var literals: [Edge] = []
    var parameters: [Edge] = []
    var parameterNames: [String] = []
    var methods: [(method: Method, route: Int)] = []
    var text: [UInt8] = []

    mutating func add(_ node: Router.Node) {
      let (firstLiteral, firstParameter, firstMethod) = (literals.count, parameters.count, methods.count)
      for literal in node.literals { literals.append(edge(literal.segment, literal.node)) }
      for parameter in node.parameters {
        parameters.append(edge(parameter.prefix, parameter.node))
        parameterNames.append(parameter.name)
      }
      let endOfParameters = parameters.count
      if let rest = node.rest {
        parameters.append(edge([], rest.node))
        parameterNames.append(rest.name)
      }
      methods += node.routes
      nodes.append(
        Node(
          literals: firstLiteral..<literals.count, parameters: firstParameter..<endOfParameters,
          routes: firstMethod..<methods.count, rest: node.rest == nil ? nil : endOfParameters))
    }

    private mutating func edge(_ segment: [UInt8], _ node: Int) -> Edge {
      text += segment
      return Edge(text: text.count - segment.count..<text.count, node: node)
    }
  }

  // MARK: What a route does

  /// The handler of a route, once all checks let the request pass.
  func handler(of route: Int, for request: Request) throws -> Handler {
    for index in checks.indices { try checks[index](request) }
    return routes[route].handler
  }

  /// The largest body that a route takes.
  func maxBodyBytes(of route: Int) -> Int { routes[route].maxBodyBytes }

  /// Who may send a large body to a route; nil when anybody may.
  func admission(of route: Int) -> Router.Admission? { routes[route].admission }

  /// A problem as the app wants its problems shown.
  func response(to problem: Problem, _ request: Request) -> Response { router.response(to: problem, request) }

  // MARK: Matching

  /// - Parameter method: nil for a method that no route can name.
  func match(_ method: Method?, _ path: UnsafeBufferPointer<UInt8>) -> Match {
    guard path.first == UInt8(ascii: "/") else { return .none }
    var found: [Router.Parameter] = []
    var matched: Int?
    var others: [Method] = []
    // The method decides as well: behind a pattern that has other methods there may be another pattern that has this one.
    _ = find(path, from: 1, at: 0, &found) { node in
      matched = method.flatMap { route(at: node, for: $0) }
      if matched == nil, method == .head { matched = route(at: node, for: .get) }
      if matched == nil { others += nodes[node].routes.map { methods[$0].method } }
      return matched != nil
    }
    if let matched { return .route(matched, found) }
    if others.isEmpty { return .none }
    let known = Method.allCases.filter { others.contains($0) }
    return .otherMethods(others.contains(.get) && !others.contains(.head) ? known + [.head] : known)
  }

  private func route(at node: Int, for method: Method) -> Int? {
    for entry in nodes[node].routes where methods[entry].method == method { return methods[entry].route }
    return nil
  }

  /// Looks at all places that a path stands for, the most definite first, until one of them is taken.
  /// - Parameter takes: asked for each that has routes.
  private func find(
    _ path: UnsafeBufferPointer<UInt8>, from start: Int, at place: Int, _ found: inout [Router.Parameter],
    _ takes: (Int) -> Bool
  ) -> Bool {
    let node = nodes[place]
    guard start <= path.count else { return !node.routes.isEmpty && takes(place) }
    var end = start
    while end < path.count, path[end] != UInt8(ascii: "/") { end += 1 }
    for entry in node.literals {
      let literal = literals[entry]
      guard literal.text.count == end - start, begins(path, at: start, with: literal.text) else { continue }
      if find(path, from: end + 1, at: literal.node, &found, takes) { return true }
    }
    for entry in node.parameters {
      let prefix = parameters[entry].text
      guard end - start > prefix.count, begins(path, at: start, with: prefix) else { continue }
      let valueStart = start + prefix.count
      found.append(
        Router.Parameter(name: parameterNames[entry], start: valueStart, count: end - valueStart))
      if find(path, from: end + 1, at: parameters[entry].node, &found, takes) { return true }
      found.removeLast()
    }
    guard let rest = node.rest, start < path.count else { return false }
    found.append(Router.Parameter(name: parameterNames[rest], start: start, count: path.count - start))
    if takes(parameters[rest].node) { return true }
    found.removeLast()
    return false
  }

  /// Whether the path, from `start` on, begins with a piece of `text`. It is at least as long.
  private func begins(_ path: UnsafeBufferPointer<UInt8>, at start: Int, with piece: Range<Int>) -> Bool {
    text.withUnsafeBufferPointer { text in
      guard let text = text.baseAddress, let path = path.baseAddress else { return piece.isEmpty }
      return memcmp(text + piece.lowerBound, path + start, piece.count) == 0
    }
  }
}
