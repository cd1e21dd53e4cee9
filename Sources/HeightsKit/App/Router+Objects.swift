// The administrator's side of objects: copying them from one store to the other.

import Contract
import Foundation

extension Router {
  /// `POST /objects/copy?to=s3|folder&from=KEY`: copies for about two seconds, and tells where to go on.
  mutating func addObjects(_ context: AppContext) {
    post(AdminPath.copyObjects) { request in
      guard let target = try request.query("to").flatMap(Placement.ObjectStoreName.init(rawValue:)) else {
        throw Problem.invalid([Problem.Field("to", "Expected s3 or folder.")])
      }
      // An app without objects has none to copy.
      guard let store = context.objects else { return .json(AdminAnswer.ObjectsCopied(total: 0, done: 0)) }
      return .json(try await store.copy(to: target, from: request.query("from"), forMs: 2_000))
    }
  }
}
