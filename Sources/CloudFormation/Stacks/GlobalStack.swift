// What belongs to no region: the domain's zone and the CDN's certificate. Both have to be in us-east-1: the
// certificate because CloudFront takes it from there only.

import Topology

struct GlobalStack {
  static let region = "us-east-1"

  let stack: Stack
  let zone: StackOutput<ResourceID<HostedZone>>
  /// nil before there is a CDN.
  let certificate: StackOutput<ResourceID<Certificate>>?

  init(_ blueprint: Blueprint) {
    var builder = blueprint.builder(
      .global, in: Self.region, "the domain's zone and the certificate of the CDN")
    let domain = blueprint.domain(in: &builder)
    let zone = builder.add(
      "HostedZone", HostedZone(name: domain, tags: blueprint.tags("zone")), deletion: .retain)
    self.zone = builder.output("HostedZoneId", zone.id, "The zone of the domain.")
    builder.output(
      "NameServers", zone.nameServers,
      "Name these at the registrar of the domain, then everything below works.")

    var certificate: StackOutput<ResourceID<Certificate>>?
    if blueprint.topology.has(.edges) {
      let site = builder.add(
        "SiteCertificate",
        Certificate(name: "\(domain)", alternatives: [], zone: zone.id, tags: blueprint.tags("site")))
      certificate = builder.output("SiteCertificateArn", site.id, "What the CDN proves its name with.")
    }
    self.certificate = certificate
    stack = builder.stack
  }
}
