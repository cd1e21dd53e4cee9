// What a topology is made of: tiers, their members, and the links between them.

/// A part of the system that does one job, on one server or on many.
public struct Tier: Codable, Equatable, Sendable {
  /// The job that a tier does.
  public enum Kind: String, Codable, CaseIterable, Sendable {
    case users, dns, address, cdn, launchPage, waitlist, loadBalancer, service, cache, sessions, objects,
      database
  }

  /// What does a tier's job.
  public enum Engine: String, Codable, Sendable {
    case people, nameServer, staticAddress, edges
    /// Static files that somebody hosts, and a function that runs when it is called.
    case hostedPages, function
    /// The app's own program.
    case app
    case balancer
    case sqlite, postgres
    case redis
    /// A table of keys and values that the cloud runs, and that can be in several regions.
    case table
    /// On the app's own disk; one that servers share; a store with an API of its own.
    case folder, sharedFolder, objectStore
  }

  /// Unique in the topology, and the same from stage to stage as long as the tier does the same job.
  public let id: String
  /// What its job is.
  public let kind: Kind
  /// What does it.
  public let engine: Engine
  /// For people.
  public let title: String
  /// For people: what does the job, or what for.
  public let subtitle: String
  /// The codes of the regions that it is in; empty for what belongs to none, such as DNS.
  public let regions: [String]
  /// What it runs on; empty for a service that the cloud runs in every zone of the tier's regions.
  public let members: [Member]
  /// The ids of the edge locations of a CDN.
  public let edges: [String]
  /// The data whose only durable copy is here.
  public let holds: [Holding]
  /// How members follow their leader; nil where there is nothing to follow.
  public let replication: Replication?
  /// How many members do the job together; nil where the number is fixed by `members`.
  public internal(set) var scaling: Scaling?
  /// What each member is given; nil until a planner has sized the tier.
  public internal(set) var capacity: Capacity?

  /// A tier on servers of its own or shared ones.
  public init(
    id: String, kind: Kind, engine: Engine? = nil, title: String, subtitle: String, members: [Member],
    holds: [Holding] = [], replication: Replication? = nil, scaling: Scaling? = nil
  ) {
    self.init(
      id: id, kind: kind, engine: engine, title: title, subtitle: subtitle,
      regions: members.map(\.region).reduce(into: []) { if !$0.contains($1) { $0.append($1) } },
      members: members, edges: [], holds: holds, replication: replication, scaling: scaling)
  }

  /// A tier without a server of ours: global when it names no region.
  public init(
    id: String, kind: Kind, engine: Engine? = nil, title: String, subtitle: String, regions: [String] = [],
    edges: [String] = [], holds: [Holding] = []
  ) {
    self.init(
      id: id, kind: kind, engine: engine, title: title, subtitle: subtitle, regions: regions, members: [],
      edges: edges,
      holds: holds, replication: nil, scaling: nil)
  }

  private init(
    id: String, kind: Kind, engine: Engine?, title: String, subtitle: String, regions: [String],
    members: [Member], edges: [String], holds: [Holding], replication: Replication?, scaling: Scaling?
  ) {
    self.id = id
    self.kind = kind
    self.engine = engine ?? kind.usualEngine
    self.title = title
    self.subtitle = subtitle
    self.regions = regions
    self.members = members
    self.edges = edges
    self.holds = holds
    self.replication = replication
    self.scaling = scaling
  }

  /// What the cluster of a database is called in a placement: as its tier. (That of the stages that have one alone is `main`,
  /// which the labs and stacks that run already call it.)
  public var clusterName: String { id == "database" ? "main" : id }

  /// The member that takes the writes.
  public var leader: Member? { members.first { $0.role == .leader } }

  /// The one member of a tier that has one.
  public var soleMember: Member? { members.count == 1 ? members[0] : nil }

  /// The names of the app's databases that it holds.
  public var databases: [String] {
    holds.compactMap { if case .database(let name) = $0.data { name } else { nil } }
  }
}

extension Tier.Kind {
  /// What does the job where nothing else is said.
  fileprivate var usualEngine: Tier.Engine {
    switch self {
    case .users: .people
    case .dns: .nameServer
    case .address: .staticAddress
    case .cdn: .edges
    case .launchPage: .hostedPages
    case .waitlist: .function
    case .loadBalancer: .balancer
    case .service: .app
    case .cache: .redis
    case .sessions: .table
    case .objects: .objectStore
    case .database: .postgres
    }
  }
}

/// One server's part in a tier.
public struct Member: Codable, Equatable, Sendable {
  /// What a member is for the others.
  public enum Role: String, Codable, Sendable {
    /// Does the same as every other member.
    case peer
    /// Takes the writes.
    case leader
    /// Follows the leader within its region, answers reads, and takes over.
    case follower
    /// Follows the leader from another region, later than the followers.
    case replica
    /// Votes on who leads, and holds no data.
    case witness
  }

  /// What it is for the others.
  public let role: Role
  /// The id of its server.
  public let server: String
  /// The id of the server's zone.
  public let zone: String
  /// The code of the zone's region.
  public let region: String

  /// - Parameter region: that of the server's zone.
  public init(_ role: Role, on server: Server, in region: Region) {
    self.role = role
    self.server = server.id
    self.zone = server.zone
    self.region = region.code
  }
}

/// When a leader acknowledges a write.
public enum Replication: String, Codable, Sendable {
  /// When a follower in another zone has it on disk too: the loss of a zone loses no acknowledged write.
  case synchronous
  /// When the leader has it: followers are a little behind.
  case asynchronous
}

/// The bounds between which the number of a tier's members moves with the load.
public struct Scaling: Codable, Equatable, Sendable {
  /// In each region.
  public let minimum: Int
  /// In each region: what the planned peak needs.
  public let desired: Int
  /// In each region.
  public let maximum: Int
  /// The CPU utilisation that the number is steered to, 1 to 100.
  public let targetPercent: Int

  /// Where nobody has planned a number: a server in each zone, and at most four, unless the app says otherwise.
  /// - Parameter wish: what it says; there is one in each zone whatever that is.
  public static func unplanned(zones: Int, wish: AppOutline.Scale? = nil) -> Scaling {
    let minimum = max(zones, wish?.minimum ?? zones)
    return Scaling(
      minimum: minimum, desired: minimum, maximum: max(minimum, wish?.maximum ?? 4 * zones),
      targetPercent: wish?.targetPercent ?? usualTargetPercent)
  }

  /// Leaves room for a peak until there are more, and for the loss of one zone of three.
  public static let usualTargetPercent = 60

  /// - Parameters:
  ///   - desired: what the planned peak needs; from `minimum` to `maximum`, all in each region.
  ///   - targetPercent: the utilisation that the number is steered to: of CPU on AWS, of loops and CPU in the lab.
  public init(minimum: Int, desired: Int, maximum: Int, targetPercent: Int = usualTargetPercent) {
    self.minimum = minimum
    self.desired = desired
    self.maximum = maximum
    self.targetPercent = targetPercent
  }
}

/// What each member of a tier is given.
public struct Capacity: Codable, Equatable, Sendable {
  /// AWS's name of the type, such as `m7g.large`, `db.r7g.xlarge` or `cache.t4g.micro`.
  public let instanceType: String
  /// The disk of each member, GiB; nil where it has none that counts.
  public let storageGiB: Int?
  /// What the disk is paid to do beyond what its size includes; nil for what it includes.
  public let storageIOPS: Int?

  /// - Parameter storageGiB: nil where no disk counts.
  public init(instanceType: String, storageGiB: Int? = nil, storageIOPS: Int? = nil) {
    self.instanceType = instanceType
    self.storageGiB = storageGiB
    self.storageIOPS = storageIOPS
  }
}

/// One tier calls another.
public struct Link: Codable, Equatable, Hashable, Sendable {
  /// What travels. As JSON the link's `label`.
  public enum Kind: String, Codable, Sendable {
    case names = "name"
    case requests = "HTTP"
    case encryptedRequests = "HTTPS"
    case signUps = "sign up"
    /// From one service to another.
    case calls
    case sql = "SQL"
    case files
    case sessions
    case reads
    case sessionsAndReads = "sessions, reads"
  }

  /// Ids of tiers.
  public let from: String
  /// What is called.
  public let to: String
  /// What travels.
  public let kind: Kind

  /// - Parameter to: what is called, as `from` the id of a tier.
  public init(from: String, to: String, kind: Kind) {
    self.from = from
    self.to = to
    self.kind = kind
  }

  enum CodingKeys: String, CodingKey {
    case from, to
    case kind = "label"
  }
}
