// Templates that were read back from AWS, as the guard compares them with new ones.

import Foundation

extension GuardedStack {
  /// A stack by the JSON of its template and the values of its parameters; nil for what is no template in JSON.
  public init?(name: String, region: String, json: String, arguments: [String: String]) {
    guard let template = try? JSONDecoder().decode(DeployedTemplate.self, from: Data(json.utf8)) else {
      return nil
    }
    let resources = template.resources.sorted { $0.key < $1.key }.map { logicalID, resource in
      Template.Entry(
        logicalID: logicalID, type: resource.type, properties: resource.properties?.object ?? [:],
        deletionPolicy: resource.deletionPolicy.flatMap(DeletionPolicy.init), dependsOn: [], condition: nil,
        creationPolicy: nil, updatePolicy: nil, metadata: [:])
    }
    let defaults = (template.parameters ?? [:]).compactMapValues(\.standard?.text)
    self.init(name: name, region: region, resources: resources, arguments: arguments, defaults: defaults)
  }
}

private struct DeployedTemplate: Decodable {
  struct Resource: Decodable {
    let type: String
    let deletionPolicy: String?
    let properties: JSONValue?

    enum CodingKeys: String, CodingKey {
      case type = "Type"
      case deletionPolicy = "DeletionPolicy"
      case properties = "Properties"
    }
  }

  struct Parameter: Decodable {
    let standard: JSONValue?

    enum CodingKeys: String, CodingKey {
      case standard = "Default"
    }
  }

  let resources: [String: Resource]
  let parameters: [String: Parameter]?

  enum CodingKeys: String, CodingKey {
    case resources = "Resources"
    case parameters = "Parameters"
  }
}

/// Any JSON, as an expression of plain data.
private struct JSONValue: Decodable {
  let expression: Expression

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let flag = try? container.decode(Bool.self) {
      expression = .boolean(flag)
    } else if let number = try? container.decode(Int.self) {
      expression = .integer(number)
    } else if let number = try? container.decode(Double.self) {
      expression = .number(number)
    } else if let text = try? container.decode(String.self) {
      expression = .text(text)
    } else if let values = try? container.decode([JSONValue].self) {
      expression = .list(values.map(\.expression))
    } else {
      var object = Object()
      for (name, value) in try container.decode([String: JSONValue].self).sorted(by: { $0.key < $1.key }) {
        object[name] = value.expression
      }
      expression = .object(object)
    }
  }

  var object: Object? {
    if case .object(let object) = expression { object } else { nil }
  }

  var text: String? {
    switch expression {
    case .text(let text): text
    case .integer(let number): String(number)
    case .boolean(let flag): String(flag)
    default: nil
    }
  }
}
