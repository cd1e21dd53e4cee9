// A topology is always valid, and its JSON has the shape that the console draws.

import Foundation
import Testing
import Topology

@Suite struct TopologyTests {
  @Test(arguments: Stage.allCases, AppOutline.all)
  func jsonRoundTripsAtEveryStage(stage: Stage, app: AppOutline) throws {
    let topology = try Topology.sample(stage, of: app)
    let data = try JSONEncoder().encode(topology)
    #expect(try JSONDecoder().decode(Topology.self, from: data) == topology)
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    let keys: Set = ["stage", "regions", "zones", "edges", "residency", "servers", "nodes", "links"]
    #expect(Set(object.keys) == keys)
  }

  @Test func aBrokenDocumentIsRefused() throws {
    let data = try JSONEncoder().encode(Topology.sample(.replicated))
    let text = try #require(String(data: data, encoding: .utf8))
    let broken = text.replacingOccurrences(of: "us-east-1b", with: "us-east-1a")
    #expect(broken != text)
    #expect(throws: TopologyError.self) {
      try JSONDecoder().decode(Topology.self, from: Data(broken.utf8))
    }
  }

  @Test func anErrorNamesTheElement() {
    let server = Server(id: "h", title: "", zone: "local-a")
    expect("zone z: names the region 'mars', which does not exist", zones: [Zone(id: "z", region: "mars")])
    expect(
      "server h: names the zone 'q', which does not exist", servers: [Server(id: "h", title: "", zone: "q")])
    expect("tier a: is there twice", tiers: [tier("a"), tier("a")])
    expect("tier: has an empty name", tiers: [tier("")])
    expect("tier a: names the server 'h', which does not exist", tiers: [tier("a", on: [server])])
    expect(
      "tier a: is in zone 'local-b' of 'local', its server 'h' in 'local-a'", servers: [server],
      tiers: [tier("a", on: [Server(id: "h", title: "", zone: "local-b")])])
    expect(
      "link x → y: names the tier 'x', which does not exist", links: [Link(from: "x", to: "y", kind: .calls)])
    expect("link a → a: leads to itself", tiers: [tier("a")], links: [Link(from: "a", to: "a", kind: .calls)])
    expect(
      "tier cdn: names the edge location 'moon', which does not exist",
      tiers: [Tier(id: "cdn", kind: .cdn, title: "", subtitle: "", edges: ["moon"])])
  }

  @Test func aSizeOfATierThatDoesNotExistIsRefused() throws {
    let topology = try Topology.sample(.stateless)
    let size = (capacity: Capacity(instanceType: "cache.t4g.small"), scaling: Scaling?.none)
    let sized = try topology.sized(["cache": size])
    #expect(sized.tier("cache")?.capacity?.instanceType == "cache.t4g.small")
    #expect(sized.tier("service-web")?.scaling == topology.tier("service-web")?.scaling)
    #expect(throws: TopologyError(element: "size of tier cash", problem: "names a tier that does not exist"))
    {
      try topology.sized(["cash": size])
    }
  }

  private func expect(
    _ message: String, zones: [Zone] = Array(Region.local.zones.prefix(2)), servers: [Server] = [],
    tiers: [Tier] = [], links: [Link] = []
  ) {
    let error = #expect(throws: TopologyError.self) {
      try Topology(
        stage: .singleServer, regions: [.local], zones: zones, servers: servers, tiers: tiers, links: links)
    }
    #expect(error?.description == message)
  }

  private func tier(_ id: String, on servers: [Server] = []) -> Tier {
    Tier(
      id: id, kind: .service, title: id, subtitle: "",
      members: servers.map { Member(.peer, on: $0, in: .local) })
  }
}
