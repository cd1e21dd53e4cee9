// This machine, and what an instance type means on it.

import Foundation
import Topology

struct Machine: Equatable, Sendable {
  let cores: Int
  let memoryBytes: Int

  static var this: Machine {
    Machine(
      // Those that this process may be scheduled on.
      cores: max(1, ProcessInfo.processInfo.activeProcessorCount),
      memoryBytes: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))
  }
}

/// The instance that an app runs on.
struct Instance {
  let type: InstanceType
  let eventLoops: Int
  let cacheBytes: Int

  /// A type that the catalogue no longer has counts as the standard one.
  init(_ state: LabState, on machine: Machine) {
    // The standard type is in the catalogue; a test holds it there.
    type = InstanceType.named(state.instanceType) ?? InstanceType.named(InstanceType.standard)!
    eventLoops = type.eventLoops(cores: machine.cores)
    cacheBytes = type.cacheBytes(machineMemoryBytes: machine.memoryBytes)
  }

  var summary: LabSnapshot.Instance {
    .init(
      type: type.name, virtualCPUs: type.virtualCPUs, memoryBytes: type.memoryBytes, eventLoops: eventLoops,
      cacheBytes: cacheBytes)
  }
}
