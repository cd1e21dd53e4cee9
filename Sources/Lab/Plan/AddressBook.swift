// Which address each host of a lab has: allotted once and remembered, since engines keep the addresses of others in their data.

/// The last two numbers of the hosts' addresses, `127.REGION.ZONE.HOST`.
struct AddressBook: Codable, Equatable, Sendable {
  /// By the zone's id, from 1 on; `outside` is 0.
  private(set) var zones: [String: Int] = [:]
  /// By the zone's id and the host's.
  private(set) var hosts: [String: [String: Int]] = [:]

  /// The last that a host may have.
  private static let lastHost = 254

  /// The zone's number and the host's, for one that has been allotted them; nil for any other.
  func numbers(of host: String, in zone: String) -> (zone: Int, host: Int)? {
    guard let zoneNumber = zones[zone], let number = hosts[zone]?[host] else { return nil }
    return (zoneNumber, number)
  }

  /// Each host keeps its number under the name that `name` gives it.
  mutating func rename(_ name: (String) -> String) {
    hosts = hosts.mapValues { hosts in
      Dictionary(hosts.map { (name($0.key), $0.value) }) { first, _ in first }
    }
  }

  /// Gives a host the first number from `first` on that nobody has in its zone, unless it has one.
  /// - Parameter zoneFirst: where the numbers of zones of its kind begin.
  mutating func allot(_ host: String, in zone: String, from first: Int, zoneFirst: Int) {
    if zones[zone] == nil {
      let taken = Set(zones.values)
      // A lab of more than 250 zones has long had no memory left.
      zones[zone] = (zoneFirst...).first { !taken.contains($0) }
    }
    guard hosts[zone]?[host] == nil else { return }
    let taken = Set((hosts[zone] ?? [:]).values)
    let number = Array(first...Self.lastHost) + Array(1..<first)
    hosts[zone, default: [:]][host] = number.first { !taken.contains($0) }
  }
}
