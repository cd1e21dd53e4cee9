// Stage 1, before launch: a page that says what is coming and takes addresses. There is no server to pay for:
// the page is static and hosted, the waitlist runs only when somebody signs up.

extension Topology {
  static func stage1(
    of app: AppOutline, for extent: Extent, in region: Region
  ) throws(TopologyError) -> Topology {
    var draft = Draft(.launchPage)
    draft.regions = [region]
    draft.bindAll(to: extent.residency)

    draft.addUsers(of: app)
    draft.add(
      Tier(
        id: "launch", kind: .launchPage, title: "Launch page", subtitle: "static files",
        regions: [region.code]))
    draft.add(
      Tier(
        id: "waitlist", kind: .waitlist, title: "Waitlist", subtitle: "one address once",
        regions: [region.code],
        holds: [Holding(.waitlist)]))

    draft.link("users", "launch", .requests)
    draft.link("launch", "waitlist", .signUps)
    return try draft.finish()
  }
}
