// The database's leader and the witness, who each hear the follower alone.

import Lab

struct WitnessPartition: LinkCut {
  static let summary = "the database leader's host and the witness hear nothing of each other"

  let target: String
  let cuts: [Cut]

  init(_ sides: LinkSides) {
    let witnesses = sides.elsewhere.filter { $0.hasPrefix("database-witness") }
    target = "the link of \(sides.leader) and \(witnesses.joined(separator: ", "))"
    cuts = Cut.between([sides.leader], witnesses)
  }
}
