// Copying what users have sent from the folder that the servers share to the object store, or back.

import Contract
import Lab
import Placement

/// `POST /objects/copy` has a server of the app copy for a while and read back what it has copied; it says where to go on.
/// What is there already is not copied again, so a copy that was cut short loses nothing.
enum Objects {
  /// Returns when `target` has everything that the other store has, whole.
  /// - Returns: how many it did not have before.
  @discardableResult
  static func copy(to target: Placement.ObjectStoreName, _ lab: any Provider, _ say: StepVoice) throws -> Int
  {
    if try lab.view().listensOnPort {
      say("the app listens on a port itself: what it has in files is its own to move")
      return 0
    }
    var (next, copied): (String?, Int) = (nil, 0)
    let began = ContinuousClock.now
    repeat {
      let report = try ask(to: target, from: next, lab)
      if let damaged = report.damaged.first {
        throw ClimbError.notSo("the file \(damaged) is what its name says; it may be damaged where it lies")
      }
      (next, copied) = (report.next, copied + report.copied)
      let fraction = report.total == 0 ? 1 : Double(report.done) / Double(report.total)
      let seconds = (ContinuousClock.now - began).components.seconds
      say.progress(
        "\(report.done) of \(report.total) files are in the \(target == .s3 ? "object store" : "folder")",
        fraction: fraction,
        remainingSeconds: fraction > 0 ? Int(Double(seconds) * (1 - fraction) / fraction) : nil)
    } while next != nil
    return copied
  }

  private static func ask(to target: Placement.ObjectStoreName, from next: String?, _ lab: any Provider)
    throws -> AdminAnswer.ObjectsCopied
  {
    try lab.postToSomeServer(
      "\(AdminPath.copyObjects)?to=\(target.rawValue)" + (next.map { "&from=\($0)" } ?? ""))
  }
}
