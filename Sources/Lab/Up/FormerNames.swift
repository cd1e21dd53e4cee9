// What labs of earlier versions call otherwise.

import Foundation
import Topology

/// A witness was called as one, `database-witness-c`, until it came to have data itself at stage 6: now as the server that it becomes.
package enum FormerNames {
  private static let witness = "-witness-"

  /// The same text with present names, such as a journal's.
  package static func current(in text: Data) -> Data {
    let decoded = String(decoding: text, as: UTF8.self)
    guard decoded.contains(witness) else { return text }
    let names = stores.reduce(decoded) {
      $0.replacing("\"\($1)\(witness)", with: "\"\($1)-")
    }
    return Data(names.utf8)
  }

  private static let stores = ["database", "cache"]

  static func current(_ host: String) -> String {
    for store in stores where host.hasPrefix(store + witness) {
      return "\(store)-\(host.dropFirst(store.count + witness.count))"
    }
    return host
  }

  static func replace(in hosts: inout [String: Level]) {
    hosts = Dictionary(hosts.map { (current($0.key), $0.value) }) { first, _ in first }
  }

  static func replace(in addresses: inout AddressBook) { addresses.rename(current) }

  /// Before any engine starts: what a host has is found under its present name. A folder that is there under both stays.
  static func renameFolders(in folder: AppFolder) throws(LabError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.engines)) ?? []
    for name in names where current(name) != name {
      let (former, present) = ("\(folder.engines)/\(name)", "\(folder.engines)/\(current(name))")
      if access(present, F_OK) == 0 { continue }
      if rename(former, present) != 0 { throw .system(attempt: "renaming \(former)", code: errno) }
    }
  }
}
