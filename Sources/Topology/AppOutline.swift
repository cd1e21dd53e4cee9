// What a topology needs to know of an app, as plain values.

/// An app's name, services and databases: the part of its manifest that shapes a topology.
public struct AppOutline: Codable, Equatable, Sendable {
  public struct Service: Codable, Equatable, Sendable {
    public let name: String
    /// The databases that it uses.
    public let databases: [String]

    public init(name: String, databases: [String]) {
      self.name = name
      self.databases = databases
    }
  }

  /// The app's short name; its DNS name is `NAME.test`.
  public let name: String
  public let title: String
  public let services: [Service]
  public let databases: [String]

  public init(name: String, title: String, services: [Service], databases: [String]) {
    self.name = name
    self.title = title
    self.services = services
    self.databases = databases
  }

  /// The name that DNS answers for; `.test` is reserved and never leaves this machine.
  public var dnsName: String { "\(name).test" }
}

extension Topology {
  /// The topology of `app` at `stage`. Throws when the app names something twice or that does not exist, or when
  /// the stage does not run today.
  public static func of(_ app: AppOutline, at stage: Stage, in region: Region = .local) throws(TopologyError)
    -> Topology
  {
    switch stage {
    case .launchPage: try stage1(of: app, in: region)
    case .singleServer: try stage2(of: app, in: region)
    default: throw TopologyError(element: "stage \(stage.number)", problem: "does not run yet; 1 and 2 do")
    }
  }
}
