// Resources, and how one is named in another: by its type, so that a subnet can't stand where a bucket belongs.

/// A type of resource, with the properties that Heights uses. Each is written in a file of its AWS service.
protocol ResourceType: Sendable {
  /// Such as `AWS::EC2::VPC`.
  static var type: String { get }
  /// As the template has them.
  var properties: Object { get }
}

/// What happens to a resource when its stack no longer has it, or replaces it.
enum DeletionPolicy: String, Sendable {
  case delete = "Delete"
  /// It stays, and belongs to no stack any more.
  case retain = "Retain"
  /// It goes, and leaves a snapshot.
  case snapshot = "Snapshot"
}

/// A resource that has been put into a stack.
struct Resource<Kind: ResourceType>: Sendable {
  let logicalID: String

  /// What the resource is known by (`Ref`).
  var id: ResourceID<Kind> { ResourceID(value: .reference(logicalID)) }

  /// One of its attributes (`Fn::GetAtt`); the services' files give those in use their names.
  func attribute(_ name: String) -> Expression { .attribute(of: logicalID, name) }
}

/// What a resource of that type is known by: in its own stack a reference, in another a parameter.
struct ResourceID<Kind: ResourceType>: CarriedValue, Equatable {
  let value: Expression
  init(value: Expression) { self.value = value }
}

/// The Amazon Resource Name of a resource of that type.
struct ARN<Kind: ResourceType>: CarriedValue, Equatable {
  let value: Expression
  init(value: Expression) { self.value = value }
}

/// A tag.
struct Tag: TemplateValue {
  let key: String
  let text: Expression

  init(_ key: String, _ text: any TemplateValue) {
    self.key = key
    self.text = text.value
  }

  var value: Expression { (["Key": key, "Value": text] as Object).value }
}
