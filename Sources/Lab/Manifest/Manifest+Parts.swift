// The parts of an app that are started, each with its program: services and workers.

import Foundation

extension Manifest {
  /// A service or a worker, as what is started.
  public struct Part: Equatable, Sendable {
    /// Called as heights.json calls its list.
    public enum Kind: String, Sendable {
      case service = "services"
      case worker = "workers"
    }

    public let kind: Kind
    /// No other part has it.
    public let name: String
    /// The program and its arguments; a program with a slash in it is relative to the app's folder.
    public let run: [String]

    /// Where heights.json has it, such as `services/posts`.
    public var place: String { "\(kind.rawValue)/\(name)" }
  }

  /// All of them. The first is the service that answers people; its program is all of the app until services are processes of
  /// their own.
  public var parts: [Part] {
    services.map { Part(kind: .service, name: $0.name, run: $0.run) }
      + workers.map { Part(kind: .worker, name: $0.name, run: $0.run) }
  }

  /// The part that a process is; nil of one that is all of the app, and of engines.
  func part(of process: ProcessSpec) -> Part? {
    let name = process.service ?? process.worker?.name
    return parts.first { $0.name == name }
  }

  /// On which line of heights.json a part has its `run`; nil where it can't be found any more.
  static func line(ofRun part: Part, in folder: AppFolder) -> Int? {
    guard let data = FileManager.default.contents(atPath: "\(folder.path)/\(fileName)"),
      let root = try? JSON5Parser.parse(String(decoding: data, as: UTF8.self))
    else { return nil }
    let entry = root.member(part.kind.rawValue)?.node.member(part.name)
    return entry?.node.member("run")?.line ?? entry?.line
  }
}

extension JSON5Node {
  fileprivate func member(_ key: String) -> Member? {
    if case .object(let members) = value { members.first { $0.key == key } } else { nil }
  }
}
