// Which processes of an app come to a release next. No I/O.

import Lab

/// An app that a release is brought into.
struct RolledApp: Equatable, Sendable {
  /// A process of a service.
  struct Instance: Equatable, Sendable {
    let name: String
    /// Nil while there is one zone.
    let zone: String?
    let isReady: Bool
    /// Starts that nobody asked for.
    let restarts: Int
  }

  struct Service: Equatable, Sendable {
    let name: String
    let instances: [Instance]
  }

  /// Who is called before those that call.
  let services: [Service]
  let releases: ReleaseBook

  func instance(_ name: String) -> Instance? {
    services.lazy.flatMap(\.instances).first { $0.name == name }
  }
}

/// Decides what a release is brought to next: one instance of a service first, then the rest of it zone by zone.
struct RolloutPlan {
  enum Direction {
    /// To what came later: who is called goes first, so that only former callers meet a new service.
    case forward
    /// To what was before: who calls goes first, so that it is the same ones that meet.
    case back
  }

  struct Batch: Equatable, Sendable {
    let service: String
    let processes: [String]
    /// Of the same service, on what ran before.
    let staying: [String]
    /// All of the service that run the release, once the batch does.
    let moved: [String]

    /// Whether these are the first of several.
    var isCanary: Bool { moved.count == processes.count && !staying.isEmpty }
  }

  let number: Int
  let direction: Direction

  /// Nil when all of the app runs the release.
  func next(in app: RolledApp) -> Batch? {
    let services = direction == .forward ? app.services : app.services.reversed()
    return services.lazy.compactMap { batch(of: $0, app.releases) }.first
  }

  private func batch(of service: RolledApp.Service, _ book: ReleaseBook) -> Batch? {
    let (moved, left) = service.instances.sorted { ($0.zone ?? "", $0.name) < ($1.zone ?? "", $1.name) }
      .reduce(into: ([RolledApp.Instance](), [RolledApp.Instance]())) { parts, instance in
        if book.number(of: instance.name) == number {
          parts.0.append(instance)
        } else {
          parts.1.append(instance)
        }
      }
    guard let first = left.first else { return nil }
    let batch = moved.isEmpty ? [first] : left.filter { $0.zone == first.zone }
    return Batch(
      service: service.name, processes: batch.map(\.name),
      staying: left.filter { !batch.contains($0) }.map(\.name), moved: (moved + batch).map(\.name))
  }
}
