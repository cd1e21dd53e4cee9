// Counts and times of requests, kept by each loop for itself and added up when somebody asks.

/// What a loop has seen of requests. A value: a copy is a snapshot.
struct HTTPMetrics: Sendable {
  /// Upper bounds in microseconds. Each is about one and a half times the one before: fine enough for percentiles.
  static let bucketBoundsMicroseconds = [
    100, 150, 250, 400, 600, 1_000, 1_500, 2_500, 4_000, 6_000, 10_000, 15_000, 25_000, 40_000, 60_000,
    100_000,
    150_000, 250_000, 400_000, 600_000, 1_000_000, 1_500_000, 2_500_000, 4_000_000, 6_000_000, 10_000_000,
  ]

  struct RouteMetrics: Sendable {
    /// Few statuses occur, so that a search beats hashing.
    private(set) var byStatus: [(status: Int, count: Int)] = []
    var buckets = [Int](repeating: 0, count: bucketBoundsMicroseconds.count + 1)
    var sumMicroseconds = 0

    mutating func count(_ status: Int, times: Int = 1) {
      if let index = byStatus.firstIndex(where: { $0.status == status }) {
        byStatus[index].count += times
      } else {
        byStatus.append((status, times))
      }
    }
  }

  /// By route, the last one for requests that match none.
  private(set) var routes: [RouteMetrics]
  var connections = 0
  var inFlight = 0
  var refusedOverload = 0

  init(routeCount: Int) { routes = Array(repeating: RouteMetrics(), count: routeCount + 1) }

  mutating func record(route: Int?, status: Int, microseconds: Int) {
    let index = route ?? routes.count - 1
    routes[index].count(status)
    routes[index].sumMicroseconds += microseconds
    routes[index].buckets[HTTPMetrics.bucket(microseconds)] += 1
  }

  private static func bucket(_ microseconds: Int) -> Int {
    // Most requests are fast: found at the front.
    bucketBoundsMicroseconds.firstIndex { microseconds <= $0 } ?? bucketBoundsMicroseconds.count
  }

  mutating func add(_ other: HTTPMetrics) {
    for (index, route) in other.routes.enumerated() {
      for (status, count) in route.byStatus { routes[index].count(status, times: count) }
      routes[index].sumMicroseconds += route.sumMicroseconds
      for (bucket, count) in route.buckets.enumerated() { routes[index].buckets[bucket] += count }
    }
    connections += other.connections
    inFlight += other.inFlight
    refusedOverload += other.refusedOverload
  }
}

extension MetricsText {
  mutating func http(_ metrics: HTTPMetrics, routes: [Router.Route]) {
    let labels =
      routes.map { [("method", $0.method.description), ("route", $0.pattern)] } + [[("route", "none")]]
    begin("http_requests_total", "counter", "Requests answered.")
    for (route, labels) in zip(metrics.routes, labels) {
      for (status, count) in route.byStatus.sorted(by: { $0.status < $1.status }) {
        sample("http_requests_total", labels + [("status", String(status))], Double(count))
      }
    }
    begin(
      "http_request_duration_seconds", "histogram", "Time from a request's headers to the end of its answer.")
    for (route, labels) in zip(metrics.routes, labels) where route.byStatus.isEmpty == false {
      histogram("http_request_duration_seconds", labels, route)
    }
    metric("http_connections", "gauge", "Open connections.", Double(metrics.connections))
    metric("http_requests_in_flight", "gauge", "Requests being answered.", Double(metrics.inFlight))
    metric(
      "http_requests_refused_total", "counter", "Requests answered with 503 because too many were in flight.",
      Double(metrics.refusedOverload))
  }

  private mutating func histogram(
    _ name: String, _ labels: [(String, String)], _ route: HTTPMetrics.RouteMetrics
  ) {
    var total = 0
    for (bound, count) in zip(HTTPMetrics.bucketBoundsMicroseconds, route.buckets) {
      total += count
      sample(name + "_bucket", labels + [("le", String(Double(bound) / 1e6))], Double(total))
    }
    total += route.buckets[route.buckets.count - 1]
    sample(name + "_bucket", labels + [("le", "+Inf")], Double(total))
    sample(name + "_sum", labels, Double(route.sumMicroseconds) / 1e6)
    sample(name + "_count", labels, Double(total))
  }
}
