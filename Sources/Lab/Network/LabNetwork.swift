// The addresses of a lab: 127.REGION.ZONE.HOST, so that several labs run on one machine, each host with the standard
// ports.

import Glibc
import Placement

/// A lab's region number, claimed as long as this lives, and the ports that are free there.
final class LabNetwork: Sendable {
  /// What engines remember in their data, and so what a lab keeps from run to run.
  struct Place: Codable, Equatable, Sendable {
    /// 1 to 250.
    var region: Int
    var portShift: Int

    /// `zone` is 1 for zone a, 0 for what belongs to no zone, 101 for the first edge location.
    func address(zone: Int, host: Int) -> String { "127.\(region).\(zone).\(host)" }
    var objectsAddress: String { address(zone: 0, host: LabPlan.Number.objects) }
    var sessionsAddress: String { address(zone: 0, host: LabPlan.Number.sessions) }
  }

  static let regions = 1...250
  /// Of 127.REGION.0.1, where the holder of a claim listens. Outside the range of ports that the kernel hands out.
  static let claimPort: UInt16 = 61_000

  let place: Place
  private let claim: Descriptor

  var ports: LabPorts { LabPorts(shift: place.portShift) }

  /// - Parameters:
  ///   - folder: of the app; where to look first, so that labs which take turns don't want the same region.
  ///   - earlier: what the last run had: taken again if it can be had.
  ///   - isFixed: engines have stored their addresses: nothing else than `earlier` will do.
  /// - Throws: when there is none left, or not the one that must be.
  init(folder: String, earlier: Place?, isFixed: Bool) throws(LabError) {
    let first = earlier?.region ?? Self.home(of: folder)
    for region in isFixed ? [first] : Self.order(from: first) {
      guard let claim = Self.claim(region) else { continue }
      self.claim = claim
      let shifts = isFixed ? [earlier?.portShift ?? 0] : LabPorts.shifts
      guard let shift = shifts.first(where: { Self.areFree(LabPorts(shift: $0), region) }) else {
        throw .portsTaken(ports: LabPorts(shift: shifts[0]).all.filter { !Self.isFree($0, region) })
      }
      place = Place(region: region, portShift: shift)
      return
    }
    throw .regionTaken(isFixed ? first : nil)
  }

  /// `zone` is 1 for zone a; `host` is below 255.
  func address(zone: Int, host: Int) -> String { "127.\(place.region).\(zone).\(host)" }

  /// All regions, from one on.
  static func order(from first: Int) -> [Int] { Array(first...regions.upperBound) + Array(1..<first) }

  /// The region where a folder's lab looks first: FNV-1a of its path.
  static func home(of folder: String) -> Int {
    regions.lowerBound + Int(FNV1a.hash(folder.utf8) % UInt64(regions.count))
  }

  private static func claim(_ region: Int) -> Descriptor? {
    try? Door(address: "127.\(region).0.1", port: Int(claimPort), backlog: 1).open()
  }

  private static func areFree(_ ports: LabPorts, _ region: Int) -> Bool {
    // In a network of the lab's own nobody else has any; DNS is asked from outside.
    let asked = Door.isKept ? [ports.dns] : ports.all
    return asked.allSatisfy { isFree($0, region) } && isFree(ports.dns, region, SOCK_DGRAM)
  }

  private static func isFree(_ port: Int, _ region: Int, _ type: __socket_type = SOCK_STREAM) -> Bool {
    // Free where none of our hosts is, taken only by somebody who listens on all addresses.
    (try? Door(type: type, address: "127.\(region).0.2", port: port).open()) != nil
  }
}
