// With what a release starts each part of the app.

/// Programs inside the release's folder, or absolute where they are none of the app's own, such as an interpreter; with their arguments.
struct ReleaseRuns: Equatable, Sendable {
  /// Of all of the app in one process.
  let all: [String]
  /// Of each service that is a process of its own, by its name. Nil where `all` is every service: in what `heights build` has packed, and
  /// in what an earlier version made.
  var services: [String: [String]]?
  /// Of each worker, by its name; nil without any.
  var workers: [String: [String]]?

  /// Of a part of the app, or of all of it; nil for a part that was none of it when the release was made.
  subscript(part: Manifest.Part?) -> [String]? {
    guard let part else { return all }
    return switch part.kind {
    case .service: services == nil ? all : services?[part.name]
    case .worker: workers?[part.name]
    }
  }

  /// What a release's fingerprint is made of beside files. Where all services are one program it is what earlier versions took.
  var words: [String] {
    let others = (services ?? [:]).filter { $0.value != all }.merging(workers ?? [:]) { $1 }
    return all + others.sorted { $0.key < $1.key }.flatMap { [$0.key] + $0.value }
  }
}
