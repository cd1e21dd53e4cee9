// A zone that is cut off, both ways.

import Lab

struct ZonePartition: LinkCut {
  static let summary = "the network of the database leader's zone is cut off from all other hosts"

  let target: String
  let cuts: [Cut]

  init(_ sides: LinkSides) {
    target = "zone \(sides.zone)"
    cuts = Cut.between(sides.inZone, sides.elsewhere)
  }
}
