// Who a process is to AWS, found out on a loop.

import HeightsHTTP

/// The same as `S3Credentials`, without a thread that waits: one for each loop.
actor LoopCredentials {
  /// There are none.
  struct Missing: Error, CustomStringConvertible {
    let description: String
  }

  private static let timeoutMs = 2_000

  nonisolated let loop: EventLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.actorExecutor.asUnownedSerialExecutor() }

  private let fixed: AWSCredentials?
  private let service: String
  private var known: RoleCredentials?
  /// Whoever comes while they are fetched waits for the same.
  private var fetching: Task<RoleCredentials, any Error>?

  init(_ variables: [String: String], on loop: EventLoop) {
    self.loop = loop
    fixed = AWSCredentials(variables)
    service = RoleCredentials.service(variables)
  }

  /// - Throws: `Missing`.
  func current() async throws -> AWSCredentials {
    if let fixed { return fixed }
    if let known, !known.endsSoon { return known.credentials }
    let task = fetching ?? Task(executorPreference: loop) { try await self.fetch() }
    fetching = task
    defer { fetching = nil }
    let fresh = try await task.value
    known = fresh
    return fresh.credentials
  }

  /// They are not believed any more; those of the environment can't be fetched anew.
  func forget() { known = nil }

  private func fetch() async throws -> RoleCredentials {
    guard let endpoint = try? Endpoint.http(service) else {
      throw Missing(
        description: "AWS_EC2_METADATA_SERVICE_ENDPOINT is '\(service)': expected http://HOST:PORT")
    }
    let client = HTTPClient(
      endpoint, on: loop,
      HTTPClient.Settings(
        userAgent: "heights", connections: 1, timeoutMs: Self.timeoutMs, bodyBytes: 64 << 10))
    do {
      let found = try await fetch(client)
      await client.close()
      return found
    } catch {
      await client.close()
      throw error
    }
  }

  private func fetch(_ client: HTTPClient) async throws -> RoleCredentials {
    let life = Header("X-aws-ec2-metadata-token-ttl-seconds", "21600")
    let token = try await ask(client, "PUT", RoleCredentials.tokenPath, life)
    let header = Header("X-aws-ec2-metadata-token", String(decoding: token, as: UTF8.self))
    let roles = try await ask(client, "GET", RoleCredentials.path, header)
    let text = String(decoding: roles, as: UTF8.self)
    guard let role = text.split(whereSeparator: \.isNewline).first else {
      throw Missing(description: "the instance has no role, and AWS_ACCESS_KEY_ID is not set")
    }
    let json = try await ask(client, "GET", RoleCredentials.path + role, header)
    guard let found = RoleCredentials(json: json) else {
      throw Missing(description: "the instance's metadata are not credentials")
    }
    return found
  }

  private func ask(
    _ client: HTTPClient, _ method: String, _ path: String, _ header: Header
  ) async throws -> [UInt8] {
    switch await client.send(ClientRequest(method, path, headers: [header])) {
    case .success(let answer) where answer.status == 200: return answer.body
    case .success(let answer):
      throw Missing(description: "the instance's metadata answered HTTP \(answer.status) at \(path)")
    case .failure(let failure):
      throw Missing(description: "the instance's metadata: \(failure.kind), and AWS_ACCESS_KEY_ID is not set")
    }
  }
}
