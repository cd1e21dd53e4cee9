// A lab that is never asked for anything: asking it is a failure of the test.

import Lab
import Placement
import Testing

@testable import Climb

struct StrictLab: ClimbLab {
  struct Unexpected: Error {}

  func placement() throws -> Placement? { throw refused("placement") }
  func get(process: String, _ path: String) throws -> AdminClient.Answer {
    throw refused("GET \(process) \(path)")
  }
  func post(process: String, _ path: String) throws -> AdminClient.Answer {
    throw refused("POST \(process) \(path)")
  }
  func view() throws -> LabView { throw refused("view") }
  func send(_ request: ControlRequest, _ say: StepVoice) throws { throw refused("\(request)") }
  func get(_ role: Role, _ path: String) throws -> AdminClient.Answer { throw refused("GET \(role) \(path)") }
  func post(_ role: Role, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
    throw refused("POST \(role) \(path)")
  }

  private func refused(_ what: String) -> Unexpected {
    Issue.record("the lab was asked for \(what), and nothing was set for it")
    return Unexpected()
  }
}
