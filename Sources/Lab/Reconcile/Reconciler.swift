// From what runs to what should run: specs and statuses in, steps out, in order. No I/O.

/// Decides what is done with the processes of some hosts, so that they become what is wanted.
struct Reconciler {
  /// How a process is that the supervisor knows.
  struct Running: Equatable, Sendable {
    /// What it was started with; nil when nobody knows.
    let configuration: String?
  }

  /// What is done, one after the other. Processes go by their names.
  enum Step: Equatable, Sendable {
    /// An instance of the app answers what it has been sent, and is sent no more.
    case drain(String)
    /// They end, what builds on others before those, and nobody is told of them any more.
    case end([String])
    /// It starts anew, as it is wanted now.
    case renew(String)
    /// Edges forget what servers have said that are there no more.
    case purgeEdges
    /// They start, what others build on before those; done when all are ready. Those that run are waited for, but for workers: one
    /// that dies again and again keeps nobody from what is done to the server beside it.
    case start([String])
    /// It is left to whoever has adopted it.
    case release(String)
  }

  /// What was started on the hosts, or was to be.
  let former: [ProcessSpec]
  /// What they are to run now.
  let wanted: [ProcessSpec]
  /// Those that run, by name.
  let running: [String: Running]
  /// What those that are wanted are started with, by name; none for one that goes on under any.
  let configurations: [String: String]

  var steps: [Step] {
    ends + renewals.map { .renew($0.name) } + (renewals.contains(where: \.isInstance) ? [.purgeEdges] : [])
      + (starting.isEmpty ? [] : [.start(starting.map(\.name))])
      + adopted.filter { running[$0] != nil }.sorted().map { .release($0) }
  }

  private var starting: [ProcessSpec] {
    wanted.filter { $0.worker == nil || running[$0.name] == nil }
  }

  private var adopted: Set<String> { Set(wanted.compactMap(\.adopts)) }

  private var ends: [Step] {
    let kept = adopted.union(wanted.map(\.name))
    let ending = former.filter { !kept.contains($0.name) }
    return ending.filter(\.isInstance).map { .drain($0.name) }
      + (ending.isEmpty ? [] : [.end(ending.map(\.name))])
  }

  /// From the inside out: what leads people to others does so once those are as they are wanted.
  private var renewals: [ProcessSpec] {
    let differing = wanted.filter { spec in
      guard let running = running[spec.name], let configuration = configurations[spec.name] else {
        return false
      }
      return running.configuration != configuration
    }
    return Set(differing.map(\.layer)).sorted(by: >).flatMap { layer in
      differing.filter { $0.layer == layer }
    }
  }
}
