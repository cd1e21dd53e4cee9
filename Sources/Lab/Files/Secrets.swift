// What engines and the app prove themselves with: made once, each in a file that only its owner reads.

import Files
import Foundation

/// The secrets of a lab.
struct Secrets: Equatable, Sendable {
  /// Of the database user that the app is.
  let database: String
  /// Of the database's superuser, whom only the engines are.
  let superuser: String
  /// Of the database user that followers are.
  let replication: String
  /// Of whoever gives Patroni orders.
  let control: String
  let cache: String
  /// Of sentinels among themselves.
  let sentinels: String
  /// Of the app, which may ask a sentinel who leads. Not the cache's: it is said before anybody is known to be the cache.
  let sentinelApp: String
  let objectsKeyID: String
  let objectsKey: String
  /// Of who reads there: edges, and the lab.
  let objectsReader: String
  /// Of whoever sets the limits of the table.
  let tableControl: String
  /// Paths, since processes are told these and not the secrets.
  let databasePasswordFile: String
  let cachePasswordFile: String
  let sentinelPasswordFile: String

  /// The secrets of a folder; what is not there yet is made.
  init(_ folder: AppFolder) throws(LabError) {
    let made = { (name: String) throws(LabError) in try Self.secret(folder.secrets + "/" + name) }
    database = try made("database")
    superuser = try made("database-superuser")
    replication = try made("database-replication")
    control = try made("database-control")
    cache = try made("cache")
    sentinels = try made("sentinels")
    sentinelApp = try made("sentinels-app")
    objectsKeyID = try made("objects-key-id")
    objectsKey = try made("objects-key")
    objectsReader = try made("objects-reader")
    tableControl = try made("table-control")
    cachePasswordFile = folder.secrets + "/cache"
    sentinelPasswordFile = folder.secrets + "/sentinels-app"
    databasePasswordFile = folder.databasePasswordFile
    let entry = "*:*:*:app:\(database)\n"
    if Self.text(databasePasswordFile) != entry { try AtomicFile.write(entry, to: databasePasswordFile) }
  }

  private static func secret(_ path: String) throws(LabError) -> String {
    if let text = text(path), !text.isEmpty { return text }
    let text = Secret.random(byteCount: 20)
    try AtomicFile.write(text, to: path)
    return text
  }

  private static func text(_ path: String) -> String? {
    FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
  }
}
