// The database's leader and the witness, who each hear the follower alone that has every write.

import Lab

struct WitnessPartition: LinkCut {
  static let summary = "the database leader's host and the witness hear nothing of each other"

  let target: String
  let cuts: [Cut]

  init(_ sides: LinkSides) {
    target = "the link of \(sides.leader) and \(sides.witnesses.joined(separator: ", "))"
    cuts = Cut.between([sides.leader], sides.witnesses)
  }
}
