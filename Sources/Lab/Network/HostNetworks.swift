// A network for each host, all behind one switch: what crosses it can be cut.

import CRuntime
import Glibc
import Synchronization

/// The networks of a lab's hosts, where the lab has a network of its own. Each host has its address alone, as a server has,
/// and others by a link; the lab itself is at the switch.
final class HostNetworks: Sendable {
  private let networks = Mutex<[String: Descriptor]>([:])
  private let cutters = Mutex<[Descriptor]>([])

  /// The switch.
  private static let bridge = "switch"
  /// Where the lab is, in its region.
  private static let ownHost = 1
  private static let ownZone = 250

  /// Makes the switch.
  init(_ place: LabNetwork.Place) throws(LabError) {
    let address = place.address(zone: Self.ownZone, host: Self.ownHost)
    try NetworkTool.ip.run(
      Self.loopback + [
        "link add \(Self.bridge) type bridge", "link set \(Self.bridge) up",
        "address add \(address)/8 dev \(Self.bridge)",
      ])
  }

  /// Loopback has one address instead of all from 127.0.0.0 on, which lie behind the switch.
  private static let loopback = [
    "link set lo up", "address delete 127.0.0.1/8 dev lo", "address add 127.0.0.1/32 dev lo",
  ]

  /// The network of the host with that address, which is made when there is none. Blocks for some milliseconds.
  func network(of address: String) throws(LabError) -> Descriptor {
    // Under the lock: two that start on one host at once have one network.
    let made = networks.withLock { networks -> Result<Descriptor, LabError> in
      if let network = networks[address] { return .success(network) }
      let made = make(address)
      if case .success(let network) = made { networks[address] = network }
      return made
    }
    return try made.get()
  }

  private func make(_ address: String) -> Result<Descriptor, LabError> {
    let outcome = Mutex<Result<Descriptor, LabError>?>(nil)
    // A thread of its own: it is in the new network from then on.
    LongThread(name: "network") {
      let made = Self.make(address)
      outcome.withLock { $0 = made }
    }.join()
    return outcome.withLock { $0 } ?? .failure(.system(attempt: "making a network", code: ECANCELED))
  }

  private static func make(_ address: String) -> Result<Descriptor, LabError> {
    let link = "v" + address.split(separator: ".").suffix(2).joined(separator: ".")
    let hub = Descriptor(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC))
    let number = heights_make_network()
    if number < 0 { return .failure(.system(attempt: "making a network for \(address)", code: -number)) }
    do throws(LabError) {
      try NetworkTool.ip.run(
        loopback + [
          "link add eth0 type veth peer name \(link) netns \(getpid())",
          "address add \(address)/8 dev eth0", "link set eth0 up",
        ])
      try NetworkTool.ip.run(["link set \(link) master \(bridge) up"], in: hub)
      return .success(Descriptor(number))
    } catch {
      close(number)
      return .failure(error)
    }
  }

  /// Runs `body` on a thread that is in a network.
  static func inside<T: Sendable>(
    _ network: Descriptor, _ body: @escaping @Sendable () throws(LabError) -> T
  ) throws(LabError) -> T {
    let outcome = Mutex<Result<T, LabError>>(
      .failure(.system(attempt: "entering a network", code: ECANCELED)))
    LongThread(name: "network") {
      do throws(LabError) {
        let code = heights_join_network(network.number)
        if code < 0 { throw .system(attempt: "entering a network", code: -code) }
        let value = try body()
        outcome.withLock { $0 = .success(value) }
      } catch {
        outcome.withLock { $0 = .failure(error) }
      }
    }.join()
    return try outcome.withLock { $0 }.get()
  }

  // MARK: Cuts

  private static let table = "ip heights"

  /// Has nothing that one of these sends arrive at the other: what was cut before and is not among them is whole again.
  /// - Parameter cuts: by the address that sends, those that hear nothing. What runs in no network hears all.
  func cut(_ cuts: [String: Set<String>]) throws(LabError) {
    let known = networks.withLock { $0 }
    for cutter in cutters.withLock({ $0 }) {
      try NetworkTool.nft.run(Self.nothing, in: cutter)
    }
    cutters.withLock { $0 = [] }
    for (address, deaf) in cuts {
      guard let network = known[address], !deaf.isEmpty else { continue }
      cutters.withLock { $0.append(network) }
      let rule = "ip daddr { \(deaf.sorted().joined(separator: ", ")) } counter drop"
      try NetworkTool.nft.run(
        Self.nothing + [
          "table \(Self.table) {", "chain cut {", "type filter hook output priority 0; policy accept;", rule,
          "}", "}",
        ], in: network)
    }
  }

  /// No table, whether there was one or not.
  private static let nothing = ["table \(table)", "delete table \(table)"]

  /// How many packets were lost to the cuts that there are.
  func droppedPackets() throws(LabError) -> Int {
    var count = 0
    for cutter in cutters.withLock({ $0 }) {
      let words = try NetworkTool.nft.run(["list table \(Self.table)"], in: cutter)
        .split { $0 == " " || $0 == "\n" }
      for (word, number) in zip(words, words.dropFirst()) where word == "packets" {
        count += Int(number) ?? 0
      }
    }
    return count
  }
}
