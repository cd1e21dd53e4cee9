// heights psql: the way in to a database.

import Lab
import Placement

extension Command {
  static let psql = Command(
    name: "psql",
    summary: "Open psql on a database, at the server that leads, as the app's user.",
    discussion:
      "What stands behind DATABASE is psql's: `heights psql posts -c 'SELECT count(*) FROM posts'`. From stage 3 on.",
    parameters: ["DATABASE"],
    further: "ARGUMENTS OF PSQL",
    options: [.app],
    example: "heights psql posts"
  ) { arguments, _ in
    let name = arguments.parameters[0]
    let folder = try arguments.appFolder()
    let (lab, placement) = try await onThread {
      (try ControlClient(folder).send(.status), try folder.readPlacement())
    }
    try Passage.enter(lab)
    let databases = placement?.databases ?? [:]
    if databases.isEmpty { throw LabError.notAtStage(what: "heights psql", stage: lab.stage.number) }
    guard let cluster = databases[name]?.first?.cluster, let members = placement?.clusters[cluster]?.members
    else {
      throw UsageError(
        "unknown database '\(name)'; there are \(databases.keys.sorted().joined(separator: ", "))")
    }
    let url =
      "postgresql://app@\(members.map(\.description).joined(separator: ","))/\(name)?target_session_attrs=read-write&connect_timeout=5"
    try Handover.become(
      "psql", ["--dbname", url] + arguments.further, environment: ["PGPASSFILE": folder.secrets + "/pgpass"],
      package: "postgresql-client")
  }
}
