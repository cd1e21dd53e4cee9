// What can stand as a value in a template: plain data, and the expressions that CloudFormation works out.

/// A value of a template.
indirect enum Expression: Equatable, Sendable {
  case text(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case list([Expression])
  case object(Object)
  /// `Ref`: a parameter, or what a resource is known by.
  case reference(String)
  /// `Fn::GetAtt`.
  case attribute(of: String, String)
  /// `Fn::Sub`: text in which `${Name}` stands for a reference, an attribute or one of the variables.
  case substitution(String, Object)
  /// `Fn::Select`.
  case selection(Int, Expression)
  /// `Fn::GetAZs`: the names of the zones of the stack's region.
  case zones
  /// `Fn::Split`.
  case pieces(of: Expression, separator: String)
  /// `Fn::Join` of a list.
  case joined(list: Expression, separator: String)
  /// `Fn::FindInMap`: text that the template has once and uses often.
  case mapped(String, String, String)
  /// `Fn::If`.
  case choice(condition: String, Expression, Expression)
  /// `Fn::Base64`.
  case base64(Expression)

  static func joined(_ parts: [Expression], separator: String) -> Expression {
    .joined(list: .list(parts), separator: separator)
  }

  /// Takes a property away, as one side of a choice.
  static let none = Expression.reference("AWS::NoValue")
  static let region = Expression.reference("AWS::Region")
  static let account = Expression.reference("AWS::AccountId")
  static let partition = Expression.reference("AWS::Partition")
  static let stackName = Expression.reference("AWS::StackName")
  static let urlSuffix = Expression.reference("AWS::URLSuffix")
}

/// Anything that can be written as a value.
protocol TemplateValue: Sendable {
  var value: Expression { get }
}

/// What a stack can hand to another: a value that is as good when it comes as a parameter.
protocol CarriedValue: TemplateValue {
  init(value: Expression)
}

extension Expression: CarriedValue {
  var value: Expression { self }
  init(value: Expression) { self = value }
}

extension String: TemplateValue {
  var value: Expression { .text(self) }
}

extension Int: TemplateValue {
  var value: Expression { .integer(self) }
}

extension Double: TemplateValue {
  var value: Expression { .number(self) }
}

extension Bool: TemplateValue {
  var value: Expression { .boolean(self) }
}

extension Array: TemplateValue where Element: TemplateValue {
  var value: Expression { .list(map(\.value)) }
}

/// Names and values in the order in which they were given; what is nil is left out.
struct Object: Equatable, Sendable, TemplateValue, ExpressibleByDictionaryLiteral {
  struct Member: Equatable, Sendable {
    let name: String
    let value: Expression
  }

  private(set) var members: [Member] = []

  init() {}

  init(dictionaryLiteral members: (String, (any TemplateValue)?)...) {
    for (name, value) in members where value != nil { self[name] = value?.value }
  }

  var value: Expression { .object(self) }
  var isEmpty: Bool { members.isEmpty }

  /// Setting a name that is there replaces its value in its place; nil takes it out.
  subscript(name: String) -> Expression? {
    get { members.first { $0.name == name }?.value }
    set {
      let index = members.firstIndex { $0.name == name }
      switch (index, newValue) {
      case (let index?, let value?): members[index] = Member(name: name, value: value)
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(name: name, value: value))
      case (nil, nil): break
      }
    }
  }
}

/// Text with values in it, written as Swift writes it: `"arn:\(.partition):s3:::\(bucket)/*"`.
struct Text: TemplateValue, ExpressibleByStringInterpolation {
  struct StringInterpolation: StringInterpolationProtocol {
    fileprivate var pieces: [Expression] = []

    init(literalCapacity: Int, interpolationCount: Int) {}

    mutating func appendLiteral(_ literal: String) {
      if !literal.isEmpty { pieces.append(.text(literal)) }
    }

    mutating func appendInterpolation(_ value: any TemplateValue) { pieces.append(value.value) }
    mutating func appendInterpolation(_ value: Expression) { pieces.append(value) }
  }

  private let pieces: [Expression]

  private init(pieces: [Expression]) { self.pieces = pieces }

  /// The parts after each other.
  static func joined(_ parts: [any TemplateValue], separator: String) -> Text {
    var pieces: [Expression] = []
    for part in parts {
      if !pieces.isEmpty { pieces.append(.text(separator)) }
      pieces.append(part.value)
    }
    return Text(pieces: pieces)
  }

  init(stringLiteral text: String) { pieces = [.text(text)] }
  init(stringInterpolation: StringInterpolation) { pieces = stringInterpolation.pieces }

  /// Plain text where nothing has to be worked out, else `Fn::Sub`.
  var value: Expression {
    var text = ""
    var isPlain = true
    var variables = Object()
    for piece in pieces {
      switch piece {
      case .text(let literal): text += literal.replacingDollarBraces
      case .reference(let name): (text, isPlain) = (text + "${\(name)}", false)
      case .attribute(let resource, let name): (text, isPlain) = (text + "${\(resource).\(name)}", false)
      case .substitution(let inner, let own) where own.isEmpty: (text, isPlain) = (text + inner, false)
      default:
        let name = "Part\(variables.members.count + 1)"
        variables[name] = piece
        (text, isPlain) = (text + "${\(name)}", false)
      }
    }
    if isPlain {
      return .text(pieces.map { if case .text(let literal) = $0 { literal } else { "" } }.joined())
    }
    return .substitution(text, variables)
  }
}

extension String {
  /// `${` means itself in `Fn::Sub` when an exclamation mark follows.
  fileprivate var replacingDollarBraces: String {
    split(separator: "${", omittingEmptySubsequences: false).joined(separator: "${!")
  }
}
