// Which stores have answered who sessions belong to, for `/metrics`.

import Synchronization

/// Which store has said who a session belongs to, counted by all loops.
final class FoundSessions: Sendable {
  private let inRedis = Atomic<Int>(0)
  private let inSQL = Atomic<Int>(0)
  private let inDynamoDB = Atomic<Int>(0)

  func count(_ store: Placement.SessionStoreName) {
    switch store {
    case .redis: inRedis.add(1, ordering: .relaxed)
    case .sql: inSQL.add(1, ordering: .relaxed)
    case .dynamodb: inDynamoDB.add(1, ordering: .relaxed)
    }
  }

  func write(to text: inout MetricsText) {
    text.begin("session_lookups_total", "counter", "Sessions looked up, by the store that has answered.")
    for (store, count) in [
      ("redis", inRedis.load(ordering: .relaxed)), ("sql", inSQL.load(ordering: .relaxed)),
      ("dynamodb", inDynamoDB.load(ordering: .relaxed)),
    ] {
      text.sample("session_lookups_total", [("store", store)], Double(count))
    }
  }
}
