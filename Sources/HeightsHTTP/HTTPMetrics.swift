// Counts and times of requests, kept by each loop for itself and added up when somebody asks.

/// What a loop has seen of requests. A value: a copy is a snapshot.
struct HTTPMetrics: Sendable {
  struct RouteMetrics: Sendable {
    /// Few statuses occur, so that a search beats hashing.
    private(set) var byStatus: [(status: Int, count: Int)] = []
    var durations = DurationCounts()

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
    routes[index].durations.record(microseconds: microseconds)
  }

  mutating func add(_ other: HTTPMetrics) {
    for (index, route) in other.routes.enumerated() {
      for (status, count) in route.byStatus { routes[index].count(status, times: count) }
      routes[index].durations.add(route.durations)
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
      durations("http_request_duration_seconds", labels, route.durations)
    }
    metric("http_connections", "gauge", "Open connections.", Double(metrics.connections))
    metric("http_requests_in_flight", "gauge", "Requests being answered.", Double(metrics.inFlight))
    metric(
      "http_requests_refused_total", "counter", "Requests answered with 503 because too many were in flight.",
      Double(metrics.refusedOverload))
  }
}
