// Items of a table, and what is asked and answered, as DynamoDB's JSON has them.

/// A value of an attribute.
package enum DynamoValue: Codable, Equatable, Sendable {
  case text(String)
  case number(Int64)
  /// Of a kind that nothing of ours is written in.
  case other

  private enum Key: String, CodingKey {
    case text = "S"
    case number = "N"
  }

  package init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    if let text = try values.decodeIfPresent(String.self, forKey: .text) {
      self = .text(text)
    } else if let number = try values.decodeIfPresent(String.self, forKey: .number).flatMap({ Int64($0) }) {
      self = .number(number)
    } else {
      self = .other
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    switch self {
    case .text(let text): try values.encode(text, forKey: .text)
    case .number(let number): try values.encode(String(number), forKey: .number)
    case .other:
      throw EncodingError.invalidValue(
        self, .init(codingPath: encoder.codingPath, debugDescription: "nothing is written in that kind"))
    }
  }

  /// Its text; nil of anything else.
  package var text: String? { if case .text(let text) = self { text } else { nil } }
  /// Its number; nil of anything else.
  package var number: Int64? { if case .number(let number) = self { number } else { nil } }
}

/// An item, or its key.
package typealias DynamoItem = [String: DynamoValue]

/// What is asked of one table. Members that are nil are left out.
struct DynamoRequest: Encodable, Sendable {
  var table: String?
  var key: DynamoItem?
  var item: DynamoItem?
  var consistent: Bool?
  var condition: String?
  var update: String?
  var names: [String: String]?
  var values: DynamoItem?
  var keyCondition: String?
  var start: DynamoItem?
  var limit: Int?
  var forward: Bool?
  var returns: String?
  var returnsOnFailure: String?

  enum CodingKeys: String, CodingKey {
    case table = "TableName"
    case key = "Key"
    case item = "Item"
    case consistent = "ConsistentRead"
    case condition = "ConditionExpression"
    case update = "UpdateExpression"
    case names = "ExpressionAttributeNames"
    case values = "ExpressionAttributeValues"
    case keyCondition = "KeyConditionExpression"
    case start = "ExclusiveStartKey"
    case limit = "Limit"
    case forward = "ScanIndexForward"
    case returns = "ReturnValues"
    case returnsOnFailure = "ReturnValuesOnConditionCheckFailure"
  }

  /// Nothing yet; the table is named by whoever sends it.
  init(
    key: DynamoItem? = nil, item: DynamoItem? = nil, consistent: Bool? = nil, condition: String? = nil,
    update: String? = nil, names: [String: String]? = nil, values: DynamoItem? = nil,
    keyCondition: String? = nil, start: DynamoItem? = nil, limit: Int? = nil, forward: Bool? = nil,
    returns: String? = nil
  ) {
    (self.key, self.item, self.consistent, self.condition) = (key, item, consistent, condition)
    (self.update, self.names, self.values, self.keyCondition) = (update, names, values, keyCondition)
    (self.start, self.limit, self.forward, self.returns) = (start, limit, forward, returns)
    returnsOnFailure = condition == nil ? nil : "ALL_OLD"
  }
}

/// What one table answers.
struct DynamoReply: Decodable, Sendable {
  let item: DynamoItem?
  let items: [DynamoItem]?
  /// As they were, or are now: whatever was asked for.
  let attributes: DynamoItem?
  /// Where a reading goes on; nil at its end.
  let next: DynamoItem?

  enum CodingKeys: String, CodingKey {
    case item = "Item"
    case items = "Items"
    case attributes = "Attributes"
    case next = "LastEvaluatedKey"
  }
}

/// Items of one table that are read at once.
struct DynamoBatchGet: Encodable, Sendable {
  struct Keys: Codable, Sendable {
    var keys: [DynamoItem]
    var consistent: Bool? = true

    enum CodingKeys: String, CodingKey {
      case keys = "Keys"
      case consistent = "ConsistentRead"
    }
  }

  struct Reply: Decodable, Sendable {
    let found: [String: [DynamoItem]]
    let left: [String: Keys]?

    enum CodingKeys: String, CodingKey {
      case found = "Responses"
      case left = "UnprocessedKeys"
    }
  }

  let tables: [String: Keys]

  enum CodingKeys: String, CodingKey { case tables = "RequestItems" }
}

/// Items of one table that are written at once, each by itself.
struct DynamoBatchWrite: Encodable, Sendable {
  /// One of them.
  struct Write: Codable, Sendable {
    struct Put: Codable, Sendable {
      let item: DynamoItem
      enum CodingKeys: String, CodingKey { case item = "Item" }
    }
    struct Delete: Codable, Sendable {
      let key: DynamoItem
      enum CodingKeys: String, CodingKey { case key = "Key" }
    }
    var put: Put?
    var delete: Delete?

    enum CodingKeys: String, CodingKey {
      case put = "PutRequest"
      case delete = "DeleteRequest"
    }
  }

  struct Reply: Decodable, Sendable {
    let left: [String: [Write]]?
    enum CodingKeys: String, CodingKey { case left = "UnprocessedItems" }
  }

  let tables: [String: [Write]]

  enum CodingKeys: String, CodingKey { case tables = "RequestItems" }
}

/// Statements (PartiQL) that are carried out each by itself: the one way to have many conditional writes in one request.
struct DynamoStatements: Encodable, Sendable {
  struct Update: Encodable, Sendable {
    let statement: String
    let parameters: [DynamoValue]
    enum CodingKeys: String, CodingKey {
      case statement = "Statement"
      case parameters = "Parameters"
    }
  }

  struct Reply: Decodable, Sendable {
    struct Failure: Decodable, Sendable {
      let code: String?
      enum CodingKeys: String, CodingKey { case code = "Code" }
    }
    struct Outcome: Decodable, Sendable {
      let error: Failure?
      enum CodingKeys: String, CodingKey { case error = "Error" }
    }
    let outcomes: [Outcome]
    enum CodingKeys: String, CodingKey { case outcomes = "Responses" }
  }

  let statements: [Update]
  enum CodingKeys: String, CodingKey { case statements = "Statements" }
}

/// What DynamoDB says of why it did not do something.
struct DynamoRefusal: Decodable, Sendable {
  let type: String?
  /// Some say it with a capital.
  let message: String?
  let capital: String?
  /// The item that did not meet the condition, when that was asked for.
  let item: DynamoItem?

  enum CodingKeys: String, CodingKey {
    case type = "__type"
    case message
    case capital = "Message"
    case item = "Item"
  }

  /// Such as `ThrottlingException`; empty when it says nothing.
  var code: String { type.map { String($0.split(separator: "#").last ?? "") } ?? "" }
  var text: String { message ?? capital ?? "" }
}
