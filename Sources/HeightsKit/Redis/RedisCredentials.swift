// By what name and password a process is known to Redis. Never logged.

import Foundation

struct RedisCredentials: Sendable {
  private var user: String?
  private var password: String?
  private var file: String?

  /// - Parameters:
  ///   - url: `redis://USER:PASSWORD@HOST:PORT`, of which user and password may be missing.
  ///   - user: counts where the URL names none.
  ///   - file: holds the password, and is read whenever one is needed; it counts before the URL.
  init(url: String? = nil, user: String? = nil, file: String? = nil) {
    let parts = url.flatMap { URLComponents(string: $0) }
    self.user = parts?.user.flatMap { $0.isEmpty ? nil : $0 } ?? user
    password = parts?.password
    self.file = file
  }

  /// What a connection sends first; nil when there is no password.
  var logIn: [RedisArgument]? {
    let fromFile = file.flatMap { FileManager.default.contents(atPath: $0) }
    let text = fromFile.map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines) }
    guard let secret = text ?? password else { return nil }
    return [RedisArgument("AUTH")] + (user.map { [RedisArgument($0)] } ?? []) + [RedisArgument(secret)]
  }
}
