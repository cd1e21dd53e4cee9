// The asking side of the control socket: `status`, `down`, `resize`, `climb`.

import Foundation

/// Talks to the lab that runs in an app's folder.
public struct ControlClient: Sendable {
  /// Longer than any answer takes: a drain of 60 s, a stop of 15 s, a start of 60 s and one more for going back.
  public static let limitMs = 240_000

  /// For what nothing goes by: a lab that hangs keeps nobody from anything.
  public static let showLimitMs = 1_000

  /// The app whose lab is asked.
  public let folder: AppFolder

  /// Connects at each question.
  public init(_ folder: AppFolder) { self.folder = folder }

  /// Sends `request` and returns the snapshot after it. `progress` hears what happens meanwhile. Throws
  /// `notRunning` when no lab runs, and the lab's own errors as `remote`.
  @discardableResult
  public func send(
    _ request: ControlRequest, limitMs: Int = limitMs, progress: (String) -> Void = { _ in }
  ) throws(LabError) -> LabSnapshot {
    let exchange = Exchange(try connect(), limitMs: limitMs, what: "waiting for the lab's answer")
    try ControlLine.write(request, to: exchange)
    var pending: [UInt8] = []
    while true {
      let limit = ControlLine.maximumReplyBytes
      let line = try ControlLine.read(from: exchange, pending: &pending, limitBytes: limit)
      guard let reply = try? JSONDecoder().decode(ControlReply.self, from: Data(line)) else {
        throw .protocolBroken("not a reply: " + String(decoding: line.prefix(80), as: UTF8.self))
      }
      switch reply {
      case .progress(let text): progress(text)
      case .done(let snapshot): return snapshot
      case .failed(let error): throw error
      }
    }
  }

  private func connect() throws(LabError) -> Descriptor {
    do {
      return try folder.controlSocket.connect()
    } catch {
      if [ENOENT, ECONNREFUSED].contains(error.number) { throw .notRunning(folder: folder.path) }
      throw error
    }
  }
}
