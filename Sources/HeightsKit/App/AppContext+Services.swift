// How an app gets the services that it is made of.

extension AppContext {
  /// A service of the app: the client through which the rest of it calls.
  ///
  /// `make` is called where the process does the service's work: always, until services are processes of their own; then in
  /// those of this service alone. So what only the service needs, its database above all, is opened in there.
  ///
  /// ```swift
  /// let accounts = try await context.service(AccountsClient.self) {
  ///   AccountsStore(database: try await context.database("accounts"))
  /// }
  /// ```
  /// - Parameter make: whatever conforms to the service's protocol.
  /// - Throws: what `make` throws; `EnvironmentError` for a key that can't be read, and for a service that would be elsewhere and is
  ///   nowhere.
  public func service<Client: ServiceClient>(
    _ client: Client.Type, _ make: () async throws -> Client.Work
  ) async throws -> Client {
    let isHere = environment.service == nil || environment.service == Client.service
    if !isHere, !placement.services.isEmpty, placement.services[Client.service] == nil {
      throw EnvironmentError(
        description: "nobody says where the service '\(Client.service)' is: expected it in heights.json")
    }
    let work = isHere ? try await make() : nil
    if environment.service == Client.service, let work { await services.answer(client, work, placements) }
    if environment.checksCalls, let work {
      return Client(route: ServiceRoute(nil, CheckedService(client, work)))
    }
    let signer = try environment.callSigner
    let callers = loops.loops.map {
      ServiceCaller(Client.service, on: $0, as: signer, believing: environment.authorities)
    }
    let near = work.map {
      ServiceRoute<Client.Work>.Near(way: CheckedService(client, $0), comparison: CallComparison())
    }
    let route = ServiceRoute(work, RemoteService<Client.Failure>(Client.service, callers), near: near)
    services.add(Client.service, callers, near?.comparison)
    await placements.follow { await route.follow($0, Client.service, callers) }
    return Client(route: route)
  }
}

extension AppContext {
  /// That a process whose program has made none of the services that others call is one that calls them: it serves what people come to.
  /// - Throws: `EnvironmentError`.
  func checkService() throws {
    let (service, placement) = (environment.service, placement)
    guard let service, !placement.services.isEmpty else { return }
    if placement.services[service] != nil {
      throw EnvironmentError(
        description:
          "HEIGHTS_SERVICE is '\(service)', which this program does not make: expected a client of that name in `context.service`, "
          + "or another program as its `run` in heights.json")
    }
    if placement.keys[service] != nil { return }
    let known = Set(placement.services.keys).union(placement.keys.keys).sorted().joined(separator: ", ")
    throw EnvironmentError(description: "HEIGHTS_SERVICE is '\(service)': expected one of \(known)")
  }
}

extension ServiceRoute {
  fileprivate func follow(_ placement: Placement, _ name: String, _ callers: [ServiceCaller]) async {
    let place = placement.services[name]
    // Before its first call is sent there, and after the last one.
    if place == nil { send(parts: nil) }
    for caller in callers {
      await caller.setAddresses(place?.addresses ?? [], tls: place?.tls ?? false)
    }
    if let place { send(parts: place.share) }
  }
}
