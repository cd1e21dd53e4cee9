// A server of a cluster, as all loops see it.

import CPostgres
import Synchronization

/// One server: where it is, and how far it has come.
package final class ClusterMember: Sendable {
  /// Where libpq finds it; nil for wherever the cluster's URL leads.
  let place: (host: String, port: String)?
  /// What people call it: HOST:PORT.
  let name: String
  /// Stands for the name in what sessions carry; never 0.
  let id: UInt32
  private let position = Atomic<UInt64>(0)
  private let isAtEnd = Atomic<Bool>(false)

  private init(_ place: (host: String, port: String)?) {
    self.place = place
    name = place.map { "\($0.host):\($0.port)" } ?? "the server"
    id = max(FNV1a.shortHash(name.utf8), 1)
  }

  /// The server at that address.
  package convenience init(_ address: ServerAddress) {
    self.init((address.host, String(address.port)))
  }

  /// What it had replayed when it last told; as a leader, written.
  var replayed: LogPosition {
    get { LogPosition(bytes: position.load(ordering: .relaxed)) }
    set { position.store(newValue.bytes, ordering: .relaxed) }
  }

  /// Whether it has replayed all that it was sent by a leader that is gone, as it has told since.
  var hasReplayedAll: Bool {
    get { isAtEnd.load(ordering: .relaxed) }
    set { isAtEnd.store(newValue, ordering: .relaxed) }
  }

  /// The servers that connection URLs name, each once.
  package static func members(of urls: [String]) -> [ClusterMember] {
    var members: [ClusterMember] = []
    for member in urls.flatMap(hosts) where !members.contains(where: { $0.name == member.name }) {
      members.append(member)
    }
    return members
  }

  /// libpq knows how a URL is read. One that leaves the place to libpq's own settings is one server.
  private static func hosts(of url: String) -> [ClusterMember] {
    guard let options = PQconninfoParse(url, nil) else { return [ClusterMember(nil)] }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      values[String(cString: keyword)] = option.pointee.val.map { String(cString: $0) }
      option += 1
    }
    guard let hosts = values["host"], values["hostaddr"] == nil else { return [ClusterMember(nil)] }
    let ports = (values["port"] ?? "").split(separator: ",").map(String.init)
    return hosts.split(separator: ",").enumerated().map { index, host in
      // One port stands for all hosts.
      ClusterMember((String(host), ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : "5432"))
    }
  }
}
