// The placement: read, made anew, and put in the place of the one before unless somebody else was faster.

import Foundation
import Placement

extension DeployDriver {
  /// Somebody who climbs or deploys meanwhile may write too.
  private static let placementTries = 3
  private static let lostRace = "ConditionalCheckFailedException"

  func place(
    _ plan: PlacementPlan, table: String, hosts: [String: String], secrets: [String: String]
  ) throws(DeployError) {
    var wanted = plan.document.naming(hosts)
    for (service, secret) in secrets {
      let call = AWSCall.secret(secret, region: plan.region)
      guard let text = try aws.answer(call, as: SecretAnswer.self).secretString else {
        // What it is instead is not shown.
        throw .unreadable(call: call.title, answer: "no SecretString in \(secret)")
      }
      wanted.keys[service] = [CallerKey.shown(of: text)]
    }
    for attempt in 1...Self.placementTries {
      let found = try aws.answerIfAny(.placement(in: table, region: plan.region), as: PlacementAnswer.self)
      let text = found?.item?.document.s
      let known = try text.map { text throws(DeployError) in try Self.read(text, table) }
      let next = known.map { $0.following(wanted, isSettled: plan.isSettled) } ?? wanted
      guard let next else { return plan.isSettled ? () : report(.placedBefore) }
      do {
        try put(next, in: table, inPlaceOf: text, region: plan.region)
        return report(.placed(epoch: next.epoch))
      } catch {
        guard case .callFailed(_, Self.lostRace, _) = error, attempt < Self.placementTries else {
          throw error
        }
      }
    }
  }

  private static func read(_ text: String, _ table: String) throws(DeployError) -> Placement {
    do { return try Placement(json: Data(text.utf8)) } catch {
      throw .unknownPlacement(table: table, reason: "\(error)")
    }
  }

  private func put(
    _ placement: Placement, in table: String, inPlaceOf former: String?, region: String
  ) throws(DeployError) {
    let folder: PrivateFolder
    let path: String
    do {
      let request = PutPlacement(table, document: String(decoding: try placement.json, as: UTF8.self), former)
      folder = try PrivateFolder()
      path = try folder.write(try JSONEncoder().encode(request), to: "item.json")
    } catch let error as PlacementError {
      throw .unknownPlacement(table: table, reason: "\(error)")
    } catch {
      throw .file(
        path: NSTemporaryDirectory(), reason: "it can't be written to: \(error.localizedDescription)")
    }
    // The folder has to live until the call has ended.
    try withExtendedLifetime(folder) { () throws(DeployError) in
      _ = try aws.output(.putItem(path, region: region))
    }
  }
}

/// `dynamodb put-item`.
private struct PutPlacement: Encodable {
  private enum CodingKeys: String, CodingKey {
    case table = "TableName"
    case item = "Item"
    case condition = "ConditionExpression"
    case names = "ExpressionAttributeNames"
    case values = "ExpressionAttributeValues"
  }

  private let table: String
  private let item: [String: TextValue]
  private let condition: String
  private let names: [String: String]
  private let values: [String: TextValue]?

  /// - Parameter former: the document that it takes the place of; nil when there must be none.
  init(_ table: String, document: String, _ former: String?) {
    self.table = table
    item = ["id": TextValue(PlacementAnswer.id), "document": TextValue(document)]
    condition = former == nil ? "attribute_not_exists(#document)" : "#document = :former"
    names = ["#document": "document"]
    values = former.map { [":former": TextValue($0)] }
  }
}

/// A text as DynamoDB has it.
private struct TextValue: Encodable {
  private enum CodingKeys: String, CodingKey { case text = "S" }
  private let text: String

  init(_ text: String) { self.text = text }
}
