// The table of sessions.

import Foundation

/// Has its items in memory, and what it has acknowledged in a file of SQLite.
struct MiniStackTable: Engine {
  let ministack: MiniStack
  let table: String
  let secrets: Secrets

  private static let gate = "table.py"
  /// Where it is told of `TableLimits`, by who has the secret for that.
  static let limitsPath = "/_lab/limits"

  var kind: EngineKind { .ministack }
  var host: Host { ministack.host }
  var package: String { MiniStack.package }
  var program: String? { ministack.program }
  var arguments: [String] { ministack.arguments(Self.gate) }
  var environment: [String: String] { ministack.environment("dynamodb") }
  var losesUnflushed: Bool { true }

  func prepare() throws(LabError) {
    try ministack.prepare(
      (Self.gate, PackageResources.table_py),
      [
        ("table", table), ("expires", "expires"), ("file", host.folder + "/items.sqlite"),
        ("id", secrets.objectsKeyID), ("secret", secrets.objectsKey), ("control", secrets.tableControl),
      ])
  }

  /// As AWS' says it; it has the table by then.
  func isReady() -> Bool { HostClient(address: host.address, port: ministack.port).status("/") == 200 }
}
