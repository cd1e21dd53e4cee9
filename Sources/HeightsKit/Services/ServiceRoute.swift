// Where a service is, looked at on every call.

import Synchronization

/// The way to a service: in this process, elsewhere, or both by a share of the calls. It may change while calls are made.
public final class ServiceRoute<Work: Sendable>: Sendable {
  private let work: Work?
  private let remote: any RemoteCalling
  let near: Near?
  /// `CallShares` in one number.
  private let shares: Atomic<Int>

  /// The way of calls that stay and are compared with those that go elsewhere.
  struct Near: Sendable {
    /// Carries them to the work in this process, as `remote` would.
    let way: any RemoteCalling
    let comparison: CallComparison
  }

  /// - Parameters:
  ///   - work: nil where the process does not do it.
  ///   - remote: carries the calls that go elsewhere.
  ///   - near: nil where nothing is compared.
  init(_ work: Work?, _ remote: any RemoteCalling, near: Near? = nil) {
    (self.work, self.remote, self.near) = (work, remote, near)
    shares = Atomic((work == nil ? CallShares.all : .none).packed)
  }

  /// What does the work in this process; nil when this call is to be carried by `call` or `json`, which mostly is elsewhere. To be
  /// looked at once for each call.
  public var here: Work? {
    let packed = shares.load(ordering: .relaxed)
    if packed == 0 { return work }
    let carried = CallShares(packed: packed).carried
    return carried >= CallShares.parts || Int.random(in: 0..<CallShares.parts) < carried ? nil : work
  }

  /// Sends a share of the calls elsewhere from now on.
  /// - Parameter parts: of `CallShares.parts`, however many where the process does not do the work: then all go. Nil: the service
  ///   is nowhere else.
  func send(parts: Int?) {
    let new =
      work == nil ? CallShares.all : parts.map { CallShares(elsewhere: $0, isCompared: near != nil) } ?? .none
    shares.store(new.packed, ordering: .relaxed)
  }

  /// Calls the service by what carries calls over the network.
  /// - Parameters:
  ///   - name: that of a `RemoteCall` of the service.
  ///   - kind: whether it may be made twice when it is not known what became of it.
  /// - Throws: the service's `Failure`, or `UnknownServiceError`; the `Problem` that the service has answered with;
  ///   `CallError` when no answer came.
  public func call<Reply: Decodable>(
    _ name: String, _ arguments: some Encodable, _ kind: CallKind
  ) async throws -> Reply {
    let answer = try await carry(name, JSON.encode(arguments), kind)
    do { return try JSON.decode(Reply.self, from: answer) } catch {
      throw remote.misunderstood(name, error)
    }
  }

  /// The same for a call without a result.
  public func call(_ name: String, _ arguments: some Encodable, _ kind: CallKind) async throws {
    _ = try await carry(name, JSON.encode(arguments), kind)
  }

  /// The same for a call whose result is JSON that passes as it is.
  public func json(_ name: String, _ arguments: some Encodable, _ kind: CallKind) async throws -> [UInt8] {
    try await carry(name, JSON.encode(arguments), kind)
  }

  private func carry(_ name: String, _ arguments: [UInt8], _ kind: CallKind) async throws -> [UInt8] {
    guard let near else { return try await remote.call(name, arguments, kind) }
    // The share may have changed since `here` was looked at: the call goes by what is so now.
    let shares = CallShares(packed: shares.load(ordering: .relaxed))
    let isElsewhere =
      shares.elsewhere > 0
      && (shares.elsewhere == shares.carried || Int.random(in: 0..<shares.carried) < shares.elsewhere)
    let way = isElsewhere ? remote : near.way
    return try await near.comparison.counting(isElsewhere ? .elsewhere : .here) {
      try await way.call(name, arguments, kind)
    }
  }
}

/// Which share of a service's calls is not made directly.
struct CallShares {
  /// They are counted in these.
  static let parts = 1_024

  static let none = CallShares(carried: 0, elsewhere: 0)
  static let all = CallShares(carried: parts, elsewhere: parts)

  /// What goes elsewhere.
  let elsewhere: Int
  /// That, and what stays and is compared with it.
  let carried: Int

  private init(carried: Int, elsewhere: Int) { (self.carried, self.elsewhere) = (carried, elsewhere) }

  /// - Parameter isCompared: whether some of those that stay are carried too: one in so many, and no fewer than go, so that there are as
  ///   many to compare with.
  init(elsewhere asked: Int, isCompared: Bool) {
    elsewhere = min(max(asked, 0), Self.parts)
    let staying = Self.parts - elsewhere
    let sample = max((staying + CallComparison.nearOneIn - 1) / CallComparison.nearOneIn, elsewhere)
    carried = elsewhere + (isCompared ? min(sample, staying) : 0)
  }

  init(packed: Int) { (carried, elsewhere) = packed.quotientAndRemainder(dividingBy: Self.parts + 1) }
  var packed: Int { carried * (Self.parts + 1) + elsewhere }
}

/// What carries a call elsewhere, and back.
protocol RemoteCalling: Sendable {
  /// - Returns: the result as JSON.
  /// - Throws: as `ServiceRoute.call`.
  func call(_ name: String, _ arguments: [UInt8], _ kind: CallKind) async throws -> [UInt8]
  /// The error for an answer that is not understood.
  func misunderstood(_ name: String, _ error: any Error) -> CallError
}
