// heights.json: what an app says about itself.

import Contract
import Errors
import Topology
import Workload

/// An app's manifest, checked: every name in it exists, every folder is there.
public struct Manifest: Equatable, Sendable {
  /// A database of the app's.
  public struct Database: Equatable, Sendable {
    /// Unique in the app.
    public let name: String
    /// The column that every sharded table begins with.
    public let shardKey: String
  }

  /// A part of the app that answers: with the others in every process up to stage 5, in processes of its own from stage 6 on.
  public struct Service: Equatable, Sendable {
    /// Unique in the app.
    public let name: String
    /// What its own processes are started with, the program and its arguments: the first service's where it says nothing else. One
    /// with a slash in it is relative to the app's folder. What the first has is all services where they have no processes of their own.
    public let run: [String]
    /// The names of those that it uses.
    public let databases: [String]
    /// The services that it calls.
    public var calls: [String] = []
    /// How it scales where services scale; nil where nothing is said. Where something is, it scales by itself unless somebody sets a
    /// number by hand.
    public var scale: AppOutline.Scale?
    /// It listens on HOST:PORT itself (`listens: "port"`), as any program does, and so runs from stage 3 on. Otherwise it
    /// takes sockets and answers an administrator's, as apps do that import HeightsKit.
    public var listensOnPort = false
  }

  /// A program of the app's that answers nobody: it does what others have left for it, in a database or in Redis.
  public struct Worker: Equatable, Sendable {
    /// Unique among workers and services.
    public let name: String
    /// The program and its arguments; one with a slash in it is relative to the app's folder.
    public let run: [String]
    /// How many processes of it there are on each server of the first service: 1 to 8.
    public var count = 1
  }

  /// Letters, digits and dashes; also its DNS name, `NAME.test`.
  public let name: String
  /// For people.
  public let title: String
  /// The command that builds the app, run in its folder; nil when there is nothing to build.
  public let build: [String]?
  /// In the order of the file.
  public let databases: [Database]
  /// At least one; the first answers people.
  public let services: [Service]
  /// In the order of the file. Only an app that listens on a port itself has any.
  public var workers: [Worker] = []
  /// The folder of static files, relative to the app's folder; nil when it has none.
  public let staticFolder: String?
  /// The folder of the launch page, relative to the app's folder; nil only for an app that listens on a port itself.
  public let launchFolder: String?
  /// What else the app reads, files and folders relative to its folder: a release has them too. They need not be there
  /// before it is built.
  public var files: [String] = []
  /// What its visitors do, for load and plans.
  public let workload: Workload
  /// Whether a write is never acknowledged without a second copy, from stage 4 on: then it waits while there is none.
  public var replicatesStrictly = false
  /// Whether the lab's hosts have a network of their own: nobody else on the machine reaches them, links can be cut, and the
  /// app reaches nothing outside.
  public var hasOwnNetwork = false
  /// By which names people may ask for the app in the lab, besides its own and localhost: those of a tunnel, say.
  public var hosts = HostNames.none

  /// The one that answers people.
  public var service: Service { services[0] }

  /// How many processes of all workers there are on a server.
  var workersOnServer: Int { workers.reduce(0) { $0 + $1.count } }

  /// All names that the app answers to in the lab. A name of an app is a label, so its own are names.
  var hostNames: HostNames {
    (HostNames([outline.dnsName, ".\(outline.dnsName)"]) ?? .none).adding(hosts)
  }

  /// What shapes a topology.
  public var outline: AppOutline {
    AppOutline(
      name: name, title: title,
      services: services.map {
        .init(name: $0.name, databases: $0.databases, calls: $0.calls, scale: $0.scale)
      },
      databases: databases.map(\.name))
  }
}

/// What is wrong in a manifest: everything found, in the order of the file.
public struct ManifestError: CodedError, Equatable {
  /// Each names the place in the file and what was expected there; never empty.
  public let problems: [String]

  public var code: String { "invalid_manifest" }
  public var isMisuse: Bool { true }
  public var description: String { problems.joined(separator: "\n") }
}
