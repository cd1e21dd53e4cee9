// Every process of a service stands still: nobody refuses, and nobody answers.

import Lab
import Topology
import Workload

struct HungService: Fault {
  static let stages = Stage.microservices ... .sharded
  static let summary =
    "every process of a service is stopped, and goes on later as if nothing had been"
  static let reason = "services have processes of their own from stage 6 on"
  static let holdSeconds = 10

  /// By Summit's services, whose visitors the load is: those that a drill chooses.
  private static let needed: [String: Set<Action>] = ["graph": [.readFeed, .follow, .readTie]]

  let target: String
  private let victims: Victims

  init(_ scene: FaultScene) throws {
    let topology = scene.lab.topology
    let called = topology.tiers.filter { !topology.callers(of: $0).isEmpty }
      .flatMap(topology.services(behind:))
    guard let service = called.last else {
      throw DrillError.unhealthy("the app has one service, which is all of it")
    }
    target = service.title
    let running = scene.running.filter { process in
      // Those that were scaled out are named after the first of their zone.
      process.isApp
        && service.members.contains { member in
          process.place.hasPrefix(member.server)
            && process.place.dropFirst(member.server.count).allSatisfy(\.isNumber)
        }
    }
    victims = Victims(running)
    if running.isEmpty { throw DrillError.unhealthy("no process of \(target) runs") }
  }

  var needed: Set<Action>? { Self.needed[target] }

  func inflict(_ lab: ControlClient, holdSeconds: Int, shouldStop: () -> Bool) throws -> String? {
    for process in victims.processes { try lab.send(.freeze(host: process.place)) }
    return nil
  }

  func end(_ lab: ControlClient) throws {
    for process in victims.processes { try lab.send(.thaw(host: process.place)) }
  }

  func proof(_ lab: LabSnapshot, hasFailed: (String) -> Bool) -> String? {
    victims.areStopped ? "\(victims.count) processes of \(target) stand still" : nil
  }
}
