// A leader that the app does not reach, while the followers do.

import Lab

struct AppPartition: LinkCut {
  static let summary =
    "the app's servers and the database leader's host hear nothing of each other, and all others hear both"

  let target: String
  let cuts: [Cut]

  init(_ sides: LinkSides) {
    target = "the links of \(sides.servers.joined(separator: ", ")) and \(sides.leader)"
    cuts = Cut.between([sides.leader], sides.servers)
  }
}
