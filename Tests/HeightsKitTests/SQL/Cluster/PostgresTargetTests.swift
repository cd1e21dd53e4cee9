// How a cluster of the placement is reached: its own servers, as whom and how a URL says that is of another one.

import Testing

@testable import HeightsData

@Suite struct PostgresTargetTests {
  @Test(
    arguments: [
      (nil, "app", []),
      ("postgres://u:p%40@old:1/db", "u:p%40", []),
      ("postgresql://u@old,other:2/db?target_session_attrs=any", "u", []),
      (
        "postgresql://u@old/db?sslmode=verify-full&host=x&hostaddr=1&port=9&dbname=y&sslrootcert=/a",
        "u", ["sslmode=verify-full", "sslrootcert=/a"]
      ),
      ("postgresql://old/db?load_balance_hosts=random", "app", []),
      ("postgresql:///db?user=me", "app", ["user=me"]),
      ("postgresql://a@b@old", "a@b", []),
      ("postgresql://u@old?connect_timeout=5", "u", ["connect_timeout=5"]),
    ] as [(String?, String, [String])])
  func asWhomAndHowSaysTheURLAndWhereTheClusterDoes(example: String?, user: String, settings: [String]) {
    // In an order that is not that of their names, and has to stay: the first is asked first.
    let cluster = Placement.Cluster(members: [
      ServerAddress(host: "b.example.com", port: 5433), ServerAddress(host: "10.0.0.1", port: 5432),
      ServerAddress(host: "::1", port: 5432),
    ])
    let query = (["target_session_attrs=read-write"] + settings).joined(separator: "&")
    let members = cluster.members.map(\.description).joined(separator: ",")
    #expect(members.hasPrefix("b.example.com:5433,10.0.0.1:5432,"))
    #expect(PostgresTarget.url(of: cluster, like: example) == "postgresql://\(user)@\(members)/?\(query)")
  }
}
