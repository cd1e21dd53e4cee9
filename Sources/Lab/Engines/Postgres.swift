// PostgreSQL alone, as stage 3 has it: one server, nothing that watches it but the supervisor.

import Glibc

struct Postgres: Engine {
  let host: Host
  let port: Int
  let settings: PostgresSettings
  let cluster: String
  let shell: EngineShell

  var kind: EngineKind { .postgres }
  var package: String { PostgresSettings.package }
  var program: String? { PostgresSettings.folder.map { $0 + "/postgres" } }
  var arguments: [String] { ["-D", dataFolder] }
  /// Fast: it ends its clients' transactions. SIGTERM would wait for every client to leave.
  var stopSignal: Int32 { SIGINT }
  var losesUnflushed: Bool { true }

  private var dataFolder: String { host.folder + "/" + EngineShell.postgresData }

  var configuration: String {
    let own = [
      ("listen_addresses", host.address), ("port", String(port)), ("unix_socket_directories", host.folder),
      ("cluster_name", cluster),
    ]
    return (own + settings.parameters).map { "\($0) = '\($1)'\n" }.joined()
  }

  func prepare() throws(LabError) {
    guard let programs = PostgresSettings.folder else { throw .engineMissing(engine: name, package: package) }
    try shell.makePostgresData(settings, programs: programs)
    try shell.forgetDeadPostgres()
    // A Patroni that was without its majority for a moment has left these: with them the server would wait for a leader for ever.
    for signal in ["standby.signal", "recovery.signal"] {
      try shell.remove(EngineShell.postgresData + "/" + signal)
    }
    try shell.write(configuration, to: EngineShell.postgresData + "/postgresql.conf")
    let clients = PostgresSettings.clients.map { $0 + "\n" }.joined()
    try shell.write(clients, to: EngineShell.postgresData + "/pg_hba.conf")
  }

  func isReady() -> Bool { HostClient(address: host.address, port: port).isPostgresReady() }

  func observe() -> EngineObservation? { EngineObservation(role: .leader) }
}
