// The catalogue of regions agrees with the counts that were published.

import Testing
import Topology

@Suite struct RegionTests {
  @Test func thereAre34CommercialRegionsToday() {
    #expect(CataloguedRegion.commercial.count == 34)
    #expect(CataloguedRegion.commercial.map(\.region.zones.count).reduce(0, +) == 106)
    #expect(CataloguedRegion.commercial.map(\.publishedZones).reduce(0, +) == 108)
  }

  @Test func thereWere32RegionsAnd102ZonesInAugust2023() {
    let then = CataloguedRegion.all.filter(\.openedByAugust2023)
    #expect(then.count == 32)
    #expect(then.map(\.publishedZones).reduce(0, +) == 102)
  }

  @Test func aRegionHasAPlaceALawAndZonesOfItsOwn() throws {
    #expect(CataloguedRegion.named("eu-central-1")?.place == "Frankfurt")
    #expect(CataloguedRegion.named("eu-central-1")?.region.jurisdictions == ["EU", "DE"])
    #expect(CataloguedRegion.named("eu-west-2")?.region.jurisdictions == ["UK"])
    #expect(CataloguedRegion.named("mars-1") == nil)
    #expect(Set(CataloguedRegion.all.map(\.region.code)).count == CataloguedRegion.all.count)
    for entry in CataloguedRegion.all {
      #expect(entry.region.zones.allSatisfy { $0.region == entry.region.code })
      #expect(!entry.region.jurisdictions.isEmpty && entry.region.zones.count >= 2, "\(entry.region.code)")
      #expect(entry.publishedZones >= entry.region.zones.count)
    }
  }

  @Test func amplifyIsMissingFrom14CommercialRegions() {
    #expect(CataloguedRegion.commercial.count { !$0.hasAmplifyHosting } == 14)
  }
}
