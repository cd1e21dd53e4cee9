// Where a service is, looked at on every call.

import Synchronization

/// The way to a service: in this process, elsewhere, or both by a share of the calls. It may change while calls are made.
public final class ServiceRoute<Work: Sendable>: Sendable {
  /// Shares of calls are counted in these parts.
  static var parts: Int { 1_024 }

  private let work: Work?
  private let partsElsewhere: Atomic<Int>
  private let remote: any RemoteCalling

  /// - Parameters:
  ///   - work: nil where the process does not do it.
  ///   - remote: carries the calls that go elsewhere.
  init(_ work: Work?, _ remote: any RemoteCalling) {
    self.work = work
    self.remote = remote
    partsElsewhere = Atomic(work == nil ? Self.parts : 0)
  }

  /// What does the work in this process; nil when this call goes elsewhere. To be looked at once for each call.
  public var here: Work? {
    let parts = partsElsewhere.load(ordering: .relaxed)
    if parts == 0 { return work }
    return parts >= Self.parts || Int.random(in: 0..<Self.parts) < parts ? nil : work
  }

  /// Sends a share of the calls elsewhere from now on.
  /// - Parameter parts: of `Self.parts`; all of them where the process does not do the work.
  func send(parts: Int) {
    partsElsewhere.store(work == nil ? Self.parts : min(max(parts, 0), Self.parts), ordering: .relaxed)
  }

  /// Calls the service over the network.
  /// - Parameters:
  ///   - name: that of a `RemoteCall` of the service.
  ///   - kind: whether it may be made twice when it is not known what became of it.
  /// - Throws: the service's `Failure`, or `UnknownServiceError`; the `Problem` that the service has answered with;
  ///   `CallError` when no answer came.
  public func call<Reply: Decodable>(
    _ name: String, _ arguments: some Encodable, _ kind: CallKind
  ) async throws -> Reply {
    let answer = try await remote.call(name, JSON.encode(arguments), kind)
    do { return try JSON.decode(Reply.self, from: answer) } catch {
      throw remote.misunderstood(name, error)
    }
  }

  /// The same for a call without a result.
  public func call(_ name: String, _ arguments: some Encodable, _ kind: CallKind) async throws {
    _ = try await remote.call(name, JSON.encode(arguments), kind)
  }

  /// The same for a call whose result is JSON that passes as it is.
  public func json(_ name: String, _ arguments: some Encodable, _ kind: CallKind) async throws -> [UInt8] {
    try await remote.call(name, JSON.encode(arguments), kind)
  }
}

/// What carries a call elsewhere, and back.
protocol RemoteCalling: Sendable {
  /// - Returns: the result as JSON.
  /// - Throws: as `ServiceRoute.call`.
  func call(_ name: String, _ arguments: [UInt8], _ kind: CallKind) async throws -> [UInt8]
  /// The error for an answer that is not understood.
  func misunderstood(_ name: String, _ error: any Error) -> CallError
}
