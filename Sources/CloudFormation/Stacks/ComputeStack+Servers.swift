// Stages 2 to 4: one server, later two, each with a static address that DNS gives out.

import Topology

extension ComputePlan {
  /// The servers of the stage. Their names stay from stage to stage, and nothing that replaces one changes.
  mutating func addServers() {
    guard let network = site.network, let service = blueprint.services.first else { return }
    let databases = blueprint.topology.tiers.flatMap(\.databases)
    let (settings, rights) = needs(of: databases, port: 80, isFront: true, name: service.name)
    let profile = rights.profile("Server", in: &builder)
    let groups = [builder.input(network.front), builder.input(network.servers)]
    let type = Expression.text(blueprint.instanceType(of: service.tier))
    let template = builder.add(
      "ServerTemplate",
      LaunchTemplate(
        image: templateImage, instanceType: type, profile: profile.arn, groups: groups, rootGiB: 16,
        name: .text("\(blueprint.options.app)-server")))

    for (index, member) in service.tier.members.enumerated() {
      let letter = blueprint.letters[index]
      let hasDisk =
        index == 0 && (!blueprint.topology.has(.sharedFolder) || blueprint.options.keepsPreviousStage)
      var own = settings
      let disk = hasDisk ? addDisk(zone: builder.input(network.zones[index])) : nil
      if let disk {
        // It stays with the first server for one stage more, for its files to be copied to the shared folder.
        own.set("DISK", disk.id)
        own.set(
          "DISK_DIR", !blueprint.topology.has(.sharedFolder) ? "/var/lib/heights" : "/var/lib/heights-before")
      }
      let server = builder.add(
        "Server\(letter)",
        Instance(
          template: template.id, image: .choice(condition: namesImage, image, .none), instanceType: type,
          subnet: builder.input(network.publicSubnets[index]), profile: profile.id, groups: groups,
          userData: Bootstrap.userData(own, boot), tags: blueprint.tags(member.server)))
      if let disk {
        builder.add(
          "DiskAttachment", VolumeAttachment(volume: disk.id, instance: server.id, device: Self.device))
      }
      addAddress(letter, of: server)
    }
  }

  /// A name that AWS asks for; Linux finds the disk by its id.
  private static let device = "/dev/sdf"

  /// The disk that the databases of stage 2 and the files of stages 2 and 3 are on. It outlives its server and its stack.
  private mutating func addDisk(zone: Expression) -> Resource<Volume> {
    let size = builder.parameter(
      "DiskGiB", type: "Number", "The disk, which may grow and not shrink.",
      standard: String(blueprint.serverGiB),
      value: !blueprint.topology.has(.sharedFolder) ? String(blueprint.serverGiB) : nil)
    let volume = builder.add(
      "Disk",
      Volume(
        availabilityZone: zone, sizeGiB: size, iops: nil,
        tags: blueprint.tags("disk")),
      deletion: .retain)
    builder.output("DiskId", volume.id, "The disk that data is on.")
    return volume
  }

  /// A static address, and the record that gives it out; with two servers only while it answers.
  private mutating func addAddress(_ letter: String, of server: Resource<Instance>) {
    let address = builder.add(
      "Address\(letter)",
      ElasticIP(instance: server.id, tags: blueprint.tags("address-\(letter.lowercased())")))
    builder.output("Address\(letter)", address.address, "The static address of server \(letter).")
    var check: Resource<HealthCheck>?
    if blueprint.topology.hasSeveralServers {
      check = builder.add(
        "HealthCheck\(letter)",
        HealthCheck(
          target: .http(address: address.address, port: 80), path: Bootstrap.healthPath,
          tags: blueprint.tags("health-\(letter.lowercased())")))
    }
    builder.add(
      "Record\(letter)",
      RecordSet(
        zone: builder.input(global.zone), name: domain, identifier: "server-\(letter.lowercased())",
        policy: .weight(100), target: .address(address.address), healthCheck: check?.id))
  }
}
