// Where a PostgreSQL server is, and how a connection to it is set up.

import CPostgres
import Glibc

/// A database of a server.
package struct PostgresTarget: Sendable {
  /// As libpq takes it, a URL or `key=value` pairs. May hold a password, so it is never shown.
  let url: String
  let database: String
  /// The one server of those in the URL that is meant; nil leaves the choice to libpq.
  let place: (host: String, port: String)?

  package init(url: String, database: String, place: (host: String, port: String)? = nil) {
    self.url = url
    self.database = database
    self.place = place
  }

  /// How a cluster of the placement is reached: whichever member takes writes. The password comes from PGPASSFILE, unless `example` has
  /// one.
  /// - Parameter example: a URL that says as whom, and how (`sslmode` and its like); nil for `app` and libpq's own choice. Where its
  ///   server is does not matter.
  package static func url(of cluster: Placement.Cluster, like example: String? = nil) -> String {
    let members = cluster.members.map(\.description).joined(separator: ",")
    let (user, settings) = example.map(manner) ?? (usualUser, [])
    let query = ["target_session_attrs=read-write"] + settings
    return "postgresql://\(user)@\(members)/?\(query.joined(separator: "&"))"
  }

  /// What a URL says of where a server is, or which.
  private static let places = [
    "host", "hostaddr", "port", "dbname", "target_session_attrs", "load_balance_hosts",
  ]

  /// The user of a URL, with the password if there is one, and what else it says but where; both as they are written.
  private static func manner(of url: String) -> (user: String, settings: [String]) {
    let rest = url.replacing(/^postgres(ql)?:\/\//, with: "")
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let user = authority.lastIndex(of: "@").map { String(authority[..<$0]) } ?? ""
    let query = rest.firstIndex(of: "?").map { rest[rest.index(after: $0)...] } ?? ""
    let settings = query.split(separator: "&").filter { setting in
      !places.contains { setting.hasPrefix("\($0)=") }
    }
    return (user.isEmpty ? usualUser : user, settings.map(String.init))
  }

  /// Whom an app is to the clusters of its placement.
  private static let usualUser = "app"

  /// How long a server may take to answer the start of a connection, in seconds; libpq's least is 2.
  private static let connectSeconds = 2

  /// What libpq is told; what comes later wins.
  private func parameters(statementMs: Int) -> [(String, String)] {
    let server = place.map { [("host", $0.host), ("port", $0.port), ("target_session_attrs", "any")] } ?? []
    // The first `dbname` may be a URL, the second is a name.
    return [("dbname", url)] + server + [
      ("dbname", database), ("connect_timeout", "\(Self.connectSeconds)"),
      ("application_name", "heights"), ("client_encoding", "UTF8"),
      ("tcp_user_timeout", "5000"), ("keepalives_idle", "5"), ("keepalives_interval", "2"),
      ("keepalives_count", "3"),
      (
        "options",
        "-c statement_timeout=\(statementMs) -c idle_in_transaction_session_timeout=\(max(60_000, statementMs))"
      ),
    ]
  }

  /// Calls `start` (`PQconnectStartParams` or `PQconnectdbParams`) with the parameters.
  func connect(
    statementMs: Int,
    _ start: (UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<UnsafePointer<CChar>?>, Int32) ->
      OpaquePointer?
  ) throws -> OpaquePointer {
    let pairs = parameters(statementMs: statementMs)
    let keys = pairs.map { strdup($0.0) } + [nil]
    let values = pairs.map { strdup($0.1) } + [nil]
    defer { for text in keys + values { free(text) } }
    let handle = keys.map { UnsafePointer($0) }.withUnsafeBufferPointer { keys in
      values.map { UnsafePointer($0) }.withUnsafeBufferPointer { values in
        // Both end with a null pointer, so neither is empty.
        start(keys.baseAddress!, values.baseAddress!, 1)
      }
    }
    guard let handle else { throw DatabaseError.gone("no memory for a connection") }
    return handle
  }
}

extension DatabaseError {
  /// Why a connection failed, in libpq's words: they name host and port, never a password.
  static func connection(_ handle: OpaquePointer) -> DatabaseError {
    let message = PQerrorMessage(handle).map { String(cString: $0) } ?? ""
    let line = message.split(separator: "\n").first.map(String.init) ?? "the connection was closed"
    return .gone(line)
  }
}
