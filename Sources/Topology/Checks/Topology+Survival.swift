// What has to hold so that a topology survives what its stage claims to survive.

extension Topology {
  /// Leaders and followers are what they say, and bounds and sizes can be.
  func checkMembers() throws(TopologyError) {
    for tier in tiers {
      try checkLeader(of: tier)
      try checkFollowers(of: tier)
      try checkScaling(of: tier)
      try checkCapacity(of: tier)
    }
  }

  private func checkLeader(of tier: Tier) throws(TopologyError) {
    let leaders = tier.members.count { $0.role == .leader }
    let follow = tier.members.contains { [.follower, .replica, .witness].contains($0.role) }
    if leaders > 1 {
      throw TopologyError(
        element: "tier \(tier.id)", problem: "has \(leaders) leaders; writes need exactly one")
    }
    if follow && leaders == 0 {
      throw TopologyError(element: "tier \(tier.id)", problem: "has members that follow, and no leader")
    }
    let servers = tier.members.map(\.server)
    if Set(servers).count < servers.count {
      throw TopologyError(
        element: "tier \(tier.id)", problem: "has two members on one server, which fail together")
    }
  }

  private func checkFollowers(of tier: Tier) throws(TopologyError) {
    guard let leader = tier.leader else { return }
    let element = "tier \(tier.id)"
    for member in tier.members {
      switch member.role {
      case .follower where member.zone == leader.zone:
        throw TopologyError(
          element: element,
          problem:
            "has its follower \(member.server) in its leader's zone \(leader.zone): one power cut ends both")
      case .follower where member.region != leader.region:
        throw TopologyError(
          element: element, problem: "has its follower \(member.server) in another region: that is a replica")
      case .replica where member.region == leader.region:
        throw TopologyError(
          element: element,
          problem: "has its replica \(member.server) in its leader's region \(leader.region)")
      default: continue
      }
    }
    if tier.replication == .synchronous && !tier.members.contains(where: { $0.role == .follower }) {
      throw TopologyError(
        element: element, problem: "replicates synchronously and has no follower in its region")
    }
  }

  private func checkScaling(of tier: Tier) throws(TopologyError) {
    guard let scaling = tier.scaling else { return }
    let element = "tier \(tier.id)"
    guard 1 <= scaling.minimum, scaling.minimum <= scaling.desired, scaling.desired <= scaling.maximum else {
      throw TopologyError(
        element: element,
        problem:
          "scales from \(scaling.minimum) by \(scaling.desired) to \(scaling.maximum): these must not fall")
    }
    if !(1...100).contains(scaling.targetPercent) {
      throw TopologyError(
        element: element, problem: "is steered to \(scaling.targetPercent) % of its CPU; 1 to 100 can be")
    }
    for region in tier.regions {
      let zones = Set(tier.members.filter { $0.region == region }.map(\.zone)).count
      if scaling.minimum < zones {
        throw TopologyError(
          element: element, problem: "may scale to \(scaling.minimum) in the \(zones) zones of \(region)")
      }
    }
  }

  private func checkCapacity(of tier: Tier) throws(TopologyError) {
    guard let capacity = tier.capacity else { return }
    if capacity.instanceType.isEmpty || (capacity.storageGiB ?? 1) < 1 || (capacity.storageIOPS ?? 1) < 1 {
      throw TopologyError(element: "tier \(tier.id)", problem: "has a size that can't be: \(capacity)")
    }
  }

  /// From stage 6 on every tier stands in three zones of each region that it serves, so that two are left when one
  /// fails: 99.99 % leaves 4.3 minutes a month.
  func checkZones() throws(TopologyError) {
    guard stage >= .microservices else { return }
    for tier in tiers where !tier.members.isEmpty {
      for region in Set(tier.members.filter { $0.role != .replica }.map(\.region)).sorted() {
        let zones = Set(tier.members.filter { $0.region == region }.map(\.zone)).count
        if zones < 3 {
          throw TopologyError(
            element: "tier \(tier.id)", problem: "is in \(zones) zones of \(region); 99.99 % needs 3")
        }
      }
    }
  }
}
