// The history of a run as it is written: each operation, one JSON object a line.

import Files
import Foundation
import Glibc
import History
import Synchronization

/// When something was asked and when it was answered, on the clock of `LoadRequest.nowNs`.
struct Span: Sendable {
  let beginNs: UInt64
  let endNs: UInt64
}

/// A file of operations. They gather in memory until `flush()`, which a run does ten times a second.
final class HistoryWriter: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var lastID: Int
  }

  private let path: String
  private let state: Mutex<State>
  private let file: Mutex<Int32>

  /// - Parameter continuing: adds to the operations that are there; else they are replaced.
  /// - Throws: `LoadError.historyFile`.
  init(path: String, continuing lastID: Int? = nil) throws {
    self.path = path
    state = Mutex(State(lastID: lastID ?? -1))
    let flags = O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (lastID == nil ? O_TRUNC : 0)
    let descriptor = open(path, flags, 0o600)
    guard descriptor >= 0 else { throw Self.refusal(path) }
    file = Mutex(descriptor)
  }

  deinit { file.withLock { _ = Glibc.close($0) } }

  func add(
    _ session: String, _ action: History.Operation.Action, _ key: String, _ kind: History.Operation.Kind,
    _ span: Span, value: String? = nil, expected: String? = nil, delta: Int? = nil,
    from: History.Operation.Origin? = nil
  ) {
    state.withLock { state in
      state.lastID += 1
      let operation = History.Operation(
        id: state.lastID, session: session, key: key, action: action, kind: kind, beginNs: span.beginNs,
        endNs: span.endNs, value: value, expected: expected, delta: delta, from: from)
      // Plain values always have a JSON form.
      guard let data = try? JSONEncoder().encode(operation) else { return }
      state.bytes.append(contentsOf: data)
      state.bytes.append(10)
    }
  }

  /// - Throws: `LoadError.historyFile`, for instance when the disk is full.
  func flush() throws {
    try file.withLock { descriptor in
      let bytes = state.withLock { state in
        defer { state.bytes.removeAll(keepingCapacity: true) }
        return state.bytes
      }
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        if count < 0 && errno != EINTR { throw Self.refusal(path) }
        rest = rest.dropFirst(max(count, 0))
      }
    }
  }

  private static func refusal(_ path: String) -> LoadError {
    .historyFile(path: path, reason: String(cString: strerror(errno)))
  }
}

/// Reads what a `HistoryWriter` has written.
public enum HistoryFile {
  /// A last line without an end is what a run leaves that was killed, and is left out.
  /// - Throws: `LoadError.historyFile`.
  public static func read(_ path: String) throws -> [History.Operation] {
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw LoadError.historyFile(
        path: path, reason: "can't be read: `heights load --history FILE` writes one")
    }
    let decoder = JSONDecoder()
    var operations: [History.Operation] = []
    var ids: Set<Int> = []
    var start = bytes.startIndex
    while let end = bytes[start...].firstIndex(of: 10) {
      guard let operation = try? decoder.decode(History.Operation.self, from: bytes[start..<end]),
        operation.beginNs <= operation.endNs, ids.insert(operation.id).inserted
      else {
        throw LoadError.historyFile(
          path: path, reason: "line \(operations.count + 1) is no operation, or one that was there before")
      }
      operations.append(operation)
      start = end + 1
    }
    return operations
  }
}
