// A part of an app that others call: in the same process up to stage 5, over the network from stage 6 on.

/// The client of a service: what the rest of the app calls, wherever the service is.
///
/// A service is a plain protocol; a struct that does its work conforms to it, and so does its client, which looks at its route
/// on every call:
///
/// ```swift
/// protocol Accounts: Sendable {
///   func named(_ name: String) async throws -> Account?
/// }
///
/// struct AccountsClient: ServiceClient, Accounts {
///   static let service = "accounts"
///   let route: ServiceRoute<any Accounts>
///
///   struct Named: Codable, Sendable { let name: String }
///   func named(_ name: String) async throws -> Account? {
///     if let here = route.here { return try await here.named(name) }
///     return try await route.call("named", Named(name: name), .idempotent)
///   }
///   static let calls = [
///     RemoteCall("named") { (here: any Accounts, call: Named) in try await here.named(call.name) }
///   ]
/// }
/// ```
///
/// What goes over the network is JSON: arguments and results are `Codable`. Names are what both sides agree on, so a field
/// that is added later is optional: an old caller still understands a new callee, and the reverse.
public protocol ServiceClient: Sendable {
  /// What does the work: the service's protocol, as `any Accounts`.
  associatedtype Work: Sendable
  /// The errors that are part of the interface.
  associatedtype Failure: ServiceError = NoFailure

  /// Unique in the app: lower-case letters, digits and dashes, as in heights.json.
  static var service: String { get }
  /// What others may call, each once.
  static var calls: [RemoteCall<Work>] { get }

  init(route: ServiceRoute<Work>)
}

/// An error that is part of a service's interface: callers get the same one, wherever the service is.
///
/// ```swift
/// enum AccountsError: String, ServiceError { case nameTaken, emailTaken }
/// ```
public protocol ServiceError: Error, RawRepresentable, Sendable where RawValue == String {}

/// Of a service whose interface has no errors.
public enum NoFailure: String, ServiceError {
  // An enum without a case can't have raw values.
  case none
}

/// An error that the service's newer interface has, and that this process does not know.
public struct UnknownServiceError: Error, Equatable, CustomStringConvertible {
  public let service: String
  /// As the service calls it.
  public let name: String

  public var description: String { "the service \(service) answers with '\(name)', which is not known here" }
}

/// Whether a call may be made twice.
public enum CallKind: Sendable {
  /// Twice does what once does: what reads, and what writes under a key.
  case idempotent
  case once
}

/// A call that was not answered: the network's failure, not the service's.
public struct CallError: Error, Equatable, CustomStringConvertible {
  /// What is known of the call.
  public enum Effect: Sendable {
    /// Nothing of it has reached the service, or the service has refused to begin.
    case didNotHappen
    /// The service may have done it, or may still do it.
    case mayHaveHappened
  }

  /// `accounts/named`.
  public let call: String
  public let effect: Effect
  /// For people.
  public let reason: String

  public var description: String {
    "\(call) \(effect == .didNotHappen ? "did not happen" : "may have happened"): \(reason)"
  }
}

extension CallError: ProblemConvertible {
  public var problem: Problem {
    Problem(
      .serviceUnavailable, title: "A part of the app does not answer", detail: "Try again in a moment.",
      retryAfterSeconds: 1)
  }
}
