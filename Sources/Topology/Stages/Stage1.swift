// Stage 1, before launch: a page that says what is coming and takes addresses. There is no server to pay for:
// the page is static and hosted, the waitlist runs only when somebody signs up.

extension Topology {
  /// Stage 1 of `app`.
  public static func stage1(of app: AppOutline, in region: Region) throws(TopologyError) -> Topology {
    let visitors = Tier(id: "users", kind: .users, title: "Visitors", subtitle: "before launch")
    let dns = Tier(id: "dns", kind: .dns, title: "DNS", subtitle: app.dnsName)
    let page = Tier(id: "launch", kind: .launchPage, title: "Launch page", subtitle: "static files")
    let waitlist = Tier(id: "waitlist", kind: .waitlist, title: "Waitlist", subtitle: "one address once")

    return try Topology(
      stage: .launchPage, regions: [region], zones: [], tiers: [visitors, dns, page, waitlist],
      links: [
        Link(from: visitors.id, to: dns.id, label: "name"),
        Link(from: visitors.id, to: page.id, label: "HTTP"),
        Link(from: page.id, to: waitlist.id, label: "sign up"),
      ])
  }
}
