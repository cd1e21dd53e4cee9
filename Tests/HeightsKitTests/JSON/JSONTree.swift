// Any JSON text as a value, by Codable alone: what two readers are compared by.

import Foundation

@testable import HeightsRuntime

/// What a text says, whoever has read it.
indirect enum JSONTree: Codable {
  case null
  case bool(Bool)
  case whole(Int64)
  case number(Double)
  case text(String)
  case array([JSONTree])
  case object([String: JSONTree])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let bool = try? value.decode(Bool.self) {
      self = .bool(bool)
    } else if let whole = try? value.decode(Int64.self) {
      self = .whole(whole)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let elements = try? decoder.unkeyedContainer() {
      self = .array(try Self.all(elements))
    } else {
      self = .object(try value.decode([String: JSONTree].self))
    }
  }

  private static func all(_ elements: any UnkeyedDecodingContainer) throws -> [JSONTree] {
    var (elements, trees) = (elements, [JSONTree]())
    while !elements.isAtEnd { trees.append(try elements.decode(JSONTree.self)) }
    return trees
  }

  func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .null: try value.encodeNil()
    case .bool(let bool): try value.encode(bool)
    case .whole(let whole): try value.encode(whole)
    case .number(let number): try value.encode(number)
    case .text(let text): try value.encode(text)
    case .array(let trees): try value.encode(trees)
    case .object(let members):
      // In an order of its own: a seed gives the same text each time.
      var values = encoder.container(keyedBy: JSONKey.self)
      for (name, tree) in members.sorted(by: { $0.key < $1.key }) {
        try values.encode(tree, forKey: JSONKey(stringValue: name))
      }
    }
  }
}

extension JSONTree: Equatable {
  /// Texts byte by byte: Swift takes different spellings of an accent for the same.
  static func == (one: JSONTree, other: JSONTree) -> Bool {
    switch (one, other) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.whole(let a), .whole(let b)): a == b
    case (.number(let a), .number(let b)): a == b && a.sign == b.sign
    case (.text(let a), .text(let b)): a.utf8.elementsEqual(b.utf8)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }
}

extension JSONTree {
  static func ours(_ bytes: [UInt8]) throws -> JSONTree { try JSON.decode(JSONTree.self, from: bytes) }

  static func foundations(_ bytes: [UInt8]) throws -> JSONTree {
    try JSONDecoder().decode(JSONTree.self, from: Data(bytes))
  }
}
