// A zone that hears everybody, and that nobody hears.

import Lab

struct OneWayPartition: LinkCut {
  static let summary =
    "nothing that the database leader's zone sends arrives at other hosts, and what they send arrives there"

  let target: String
  let cuts: [Cut]

  init(_ sides: LinkSides) {
    target = "what zone \(sides.zone) sends"
    cuts = [Cut(from: sides.inZone, to: sides.elsewhere)]
  }
}
