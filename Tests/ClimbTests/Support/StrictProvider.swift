// A provider that is never asked for anything: asking it is a failure of the test.

import Lab
import Placement
import Testing

@testable import Climb

struct StrictProvider: Provider {
  struct Unexpected: Error {}

  func placement() throws -> Placement? { throw refused("placement") }
  func view() throws -> ProviderView { throw refused("view") }
  func show(_ trial: LabSnapshot.Trial) { _ = refused("a trial of \(trial.service) to be shown") }
  func carryOut(_ order: Order, _ say: StepVoice) throws { throw refused("\(order)") }
  func get(_ process: String, _ path: String) throws -> AdminClient.Answer {
    throw refused("GET \(process) \(path)")
  }
  func post(_ process: String, _ path: String, _ body: [UInt8]) throws -> AdminClient.Answer {
    throw refused("POST \(process) \(path)")
  }

  private func refused(_ what: String) -> Unexpected {
    Issue.record("the provider was asked for \(what), and nothing was set for it")
    return Unexpected()
  }
}
