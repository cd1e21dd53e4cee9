// How a fake world carries orders out, and what happens to it.

import Glibc
import Testing
import Topology

@testable import Climb
@testable import Lab

extension FakeWorld {
  mutating func carryOut(_ order: Order) throws {
    switch order {
    case .start(let ids, let level): for id in ids { start(id, level) }
    case .stop(let id): stop(id)
    case .lead(let id):
      guard servers[id] != nil, hosts[id] != nil else { throw LabError.unknownHost(id, known: []) }
      leader = id
    case .launch(let role, let frontDoor):
      if frontDoor { setDoor(of: role, open: true) }
      let isOpen = openDoors.contains(role)
      if roles[role] == nil { roles[role] = RoleProcess(isAccepting: isOpen) }
      if frontDoor { roles[role] = RoleProcess(isAccepting: true) }
    case .openDoor(let role):
      setDoor(of: role, open: true)
      try requireProcess(role)
      roles[role] = RoleProcess(isAccepting: true)
    case .drain(let role):
      setDoor(of: role, open: false)
      if roles[role] != nil { roles[role] = RoleProcess(isAccepting: false, isReady: false) }
    case .retire(let role):
      setDoor(of: role, open: false)
      roles[role] = nil
    case .record(let level): self.level = level
    case .place(let placement, let epoch):
      let current = self.placement?.epoch ?? 0
      if self.placement == placement { return }
      #expect(epoch == current && placement.epoch > current)
      self.placement = placement
      // One that comes back was told of no end meanwhile: what it had counts for nothing.
      for store in keepers.keys where !placement.sessions.contains(store) { keepers[store] = [] }
    }
  }

  /// One that runs in another form is away for a moment.
  private mutating func start(_ id: String, _ level: Level) {
    if let former = hosts[id], former != level, isServer(id) {
      hosts[id] = nil
      #expect(!answering.isEmpty, "nobody answers while \(id) starts anew")
    }
    hosts[id] = level
    if !id.hasPrefix("database-") { return }
    if id == "database-c", level.stage < .microservices {
      // It votes alone, and forgets what it has.
      #expect(leader != id, "the leader ends")
      servers[id] = nil
      return
    }
    if servers[id] != nil { return }
    // A follower copies the leader, and the first of all has nothing to copy.
    servers[id] = leader.isEmpty ? [] : servers[leader]
    if leader.isEmpty { leader = id }
  }

  private mutating func stop(_ id: String) {
    hosts[id] = nil
    // It may be behind when it comes again.
    if id != leader { servers[id] = nil }
  }

  private mutating func setDoor(of role: Role, open: Bool) {
    openDoors.removeAll { $0 == role }
    if open { openDoors.append(role) }
  }

  func requireProcess(_ role: Role) throws {
    if roles[role] == nil { throw LabError.system(attempt: "asking \(role.rawValue)", code: ECONNREFUSED) }
  }

  mutating func happen(_ mishap: Mishap) {
    if mishap == .none { return }
    // What comes back has been told nothing, and finds what it has kept.
    (move.done, move.failure) = (nil, nil)
    var names = Array(roles.keys)
    if mishap == .restart {
      if openDoors.isEmpty, hosts["front-door"] == nil { openDoors = [stage == 1 ? .launch : .app] }
      names = openDoors
    }
    roles = Dictionary(
      uniqueKeysWithValues: names.map { [openDoors] in
        ($0, RoleProcess(isAccepting: openDoors.contains($0)))
      })
  }
}
