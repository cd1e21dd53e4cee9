// Values by key, in the order of their last use.

/// A dictionary that knows which of its entries was used longest ago. Every operation takes constant time.
struct LRUList<Value> {
  private struct Node {
    var key: String
    var value: Value?
    var older: Int
    var newer: Int
  }

  private static var none: Int { -1 }

  private var nodes: [Node] = []
  private var free: [Int] = []
  private var index: [ExactString: Int] = [:]
  private var newest = Self.none
  private var oldest = Self.none

  var count: Int { index.count }

  /// The key that was used longest ago.
  var leastRecentlyUsed: String? { oldest == Self.none ? nil : nodes[oldest].key }

  /// The value of a key, which doesn't count as used.
  subscript(key: String) -> Value? { index[ExactString(key)].flatMap { nodes[$0].value } }

  /// The value of a key, which counts as used now.
  mutating func use(_ key: String) -> Value? {
    guard let node = index[ExactString(key)] else { return nil }
    if node != newest {
      detach(node)
      attach(node)
    }
    return nodes[node].value
  }

  /// Puts a value in, as the most recently used.
  /// - Returns: the value that was there.
  @discardableResult
  mutating func insert(_ key: String, _ value: Value) -> Value? {
    let former = remove(key)
    let node = free.popLast() ?? nodes.count
    let content = Node(key: key, value: value, older: Self.none, newer: Self.none)
    if node == nodes.count { nodes.append(content) } else { nodes[node] = content }
    index[ExactString(key)] = node
    attach(node)
    return former
  }

  @discardableResult
  mutating func remove(_ key: String) -> Value? {
    guard let node = index.removeValue(forKey: ExactString(key)) else { return nil }
    detach(node)
    free.append(node)
    let value = nodes[node].value
    nodes[node].value = nil
    return value
  }

  private mutating func attach(_ node: Int) {
    nodes[node].older = newest
    nodes[node].newer = Self.none
    if newest != Self.none { nodes[newest].newer = node }
    newest = node
    if oldest == Self.none { oldest = node }
  }

  private mutating func detach(_ node: Int) {
    let (older, newer) = (nodes[node].older, nodes[node].newer)
    if older == Self.none { oldest = newer } else { nodes[older].newer = newer }
    if newer == Self.none { newest = older } else { nodes[newer].older = older }
  }
}
