// How the rest of Summit calls accounts, wherever they are.

import HeightsKit

struct AccountsClient: ServiceClient, Accounts {
  static let service = "accounts"
  let route: ServiceRoute<any Accounts>

  private struct Name: Codable { let name: String }
  private struct ID: Codable { let id: Identifier }
  private struct Secret: Codable { let name, password: String }
  private struct NewSecret: Codable { let name, old, new: String }

  static let calls: [RemoteCall<any Accounts>] = [
    RemoteCall("named") { (here, call: Name) in try await here.named(call.name) },
    RemoteCall("with") { (here, call: ID) in try await here.with(id: call.id) },
    RemoteCall("create") { (here, call: SignUp) in try await here.create(call) },
    RemoteCall("log-in") { (here, call: Secret) in
      try await here.logIn(call.name, password: call.password)
    },
    RemoteCall("change-password") { (here, call: NewSecret) in
      try await here.changePassword(of: call.name, from: call.old, to: call.new)
    },
  ]

  func named(_ name: String) async throws -> Account? {
    if let here = route.here { return try await here.named(name) }
    return try await route.call("named", Name(name: name), .idempotent)
  }

  func with(id: Identifier) async throws -> Account? {
    if let here = route.here { return try await here.with(id: id) }
    return try await route.call("with", ID(id: id), .idempotent)
  }

  func create(_ signUp: SignUp) async throws -> Account {
    if let here = route.here { return try await here.create(signUp) }
    return try await route.call("create", signUp, .once)
  }

  func logIn(_ name: String, password: String) async throws -> Account? {
    if let here = route.here { return try await here.logIn(name, password: password) }
    return try await route.call("log-in", Secret(name: name, password: password), .idempotent)
  }

  func changePassword(of name: String, from old: String, to new: String) async throws -> Account? {
    if let here = route.here { return try await here.changePassword(of: name, from: old, to: new) }
    return try await route.call("change-password", NewSecret(name: name, old: old, new: new), .once)
  }
}
