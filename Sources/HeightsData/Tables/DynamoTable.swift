// A table of DynamoDB, from whichever loop it is asked.

/// Items of one table. Reads are consistent: they see every write that was acknowledged before.
package final class DynamoTable: Sendable {
  /// DynamoDB takes no more at once.
  package static let writesAtOnce = 25
  private static let readsAtOnce = 100

  private let name: String
  let metrics = DynamoMetrics()
  private let callers: [DynamoCaller]

  /// - Parameters:
  ///   - encrypt: what the table is asked within, read anew for each client.
  ///   - nowSeconds: the clock by which requests are signed.
  package init(
    _ place: DynamoPlace, _ loops: EventLoopGroup,
    encrypt: @escaping @Sendable () async throws -> HTTPClient.Encryption? = { nil },
    nowSeconds: @escaping @Sendable () -> Int = { Int(wallClockMs() / 1_000) }
  ) {
    name = place.table
    callers = loops.loops.map { [metrics] in
      DynamoCaller(place, on: $0, metrics, encrypt: encrypt, nowSeconds: nowSeconds)
    }
  }

  /// Ends its connections. Nothing is asked afterwards.
  package func close() async { for caller in callers { await caller.close() } }

  // MARK: Items

  /// The item, as it is now.
  package func get(_ key: DynamoItem) async throws -> DynamoItem? {
    try await ask("GetItem", DynamoRequest(key: key, consistent: true)).item
  }

  /// Those that are there, of any number, in no order.
  package func get(_ keys: [DynamoItem]) async throws -> [DynamoItem] {
    var (found, left): ([DynamoItem], ArraySlice<DynamoItem>) = ([], keys[...])
    while !left.isEmpty {
      let now = Array(left.prefix(Self.readsAtOnce))
      let asked = DynamoBatchGet(tables: [name: .init(keys: now)])
      let reply: DynamoBatchGet.Reply = try await send("BatchGetItem", asked)
      found += reply.found[name] ?? []
      let again = reply.left?[name]?.keys ?? []
      try await rest(again.count, of: now.count, "BatchGetItem")
      left = again + left.dropFirst(now.count)
    }
    return found
  }

  /// Puts it in the place of whatever has its key.
  /// - Returns: what was there before.
  /// - Throws: `DynamoConditionFailed` with what is there, when that doesn't meet the condition.
  @discardableResult
  package func put(
    _ item: DynamoItem, if condition: String? = nil, _ values: DynamoItem? = nil
  ) async throws -> DynamoItem? {
    try await ask(
      "PutItem", DynamoRequest(item: item, condition: condition, values: values, returns: "ALL_OLD")
    ).attributes
  }

  /// - Throws: `DynamoConditionFailed` with what is there, when that doesn't meet the condition.
  package func update(
    _ key: DynamoItem, _ update: String, if condition: String? = nil, _ values: DynamoItem
  ) async throws {
    _ = try await ask(
      "UpdateItem", DynamoRequest(key: key, condition: condition, update: update, values: values))
  }

  /// Puts and removes items, each by itself: when it throws, some of it may have been done.
  package func write(put items: [DynamoItem] = [], remove keys: [DynamoItem] = []) async throws {
    var left =
      (items.map { DynamoBatchWrite.Write(put: .init(item: $0)) }
      + keys.map { DynamoBatchWrite.Write(delete: .init(key: $0)) })[...]
    while !left.isEmpty {
      let now = Array(left.prefix(Self.writesAtOnce))
      let reply: DynamoBatchWrite.Reply = try await send(
        "BatchWriteItem", DynamoBatchWrite(tables: [name: now]))
      let again = reply.left?[name] ?? []
      try await rest(again.count, of: now.count, "BatchWriteItem")
      left = again + left.dropFirst(now.count)
    }
  }

  /// Items of one partition, in the order of their keys, a page of them.
  /// - Parameters:
  ///   - condition: of the keys.
  ///   - start: where the page before ended.
  package func query(
    _ condition: String, _ values: DynamoItem, from start: DynamoItem? = nil, limit: Int? = nil,
    newestFirst: Bool = false
  ) async throws -> (items: [DynamoItem], next: DynamoItem?) {
    let reply = try await ask(
      "Query",
      DynamoRequest(
        consistent: true, values: values, keyCondition: condition, start: start, limit: limit,
        forward: !newestFirst))
    return (reply.items ?? [], reply.next)
  }

  /// All items in no order, a page of them.
  package func scan(
    from start: DynamoItem? = nil, limit: Int
  ) async throws -> (items: [DynamoItem], next: DynamoItem?) {
    let reply = try await ask("Scan", DynamoRequest(consistent: true, start: start, limit: limit))
    return (reply.items ?? [], reply.next)
  }

  /// Carries out one statement for each list of parameters, at most 25, each by itself.
  /// - Parameter statement: PartiQL, without the table, which follows its first word.
  /// - Returns: which of them were carried out.
  package func run(update statement: String, _ parameters: [[DynamoValue]]) async throws -> [Bool] {
    let text = "UPDATE \"\(name)\" \(statement)"
    let reply: DynamoStatements.Reply = try await send(
      "BatchExecuteStatement",
      DynamoStatements(statements: parameters.map { .init(statement: text, parameters: $0) }))
    return reply.outcomes.map { $0.error == nil }
  }

  // MARK: Asking

  private func ask(_ action: String, _ request: DynamoRequest) async throws -> DynamoReply {
    var request = request
    request.table = name
    return try await send(action, request)
  }

  private func send<Reply: Decodable>(_ action: String, _ request: some Encodable) async throws -> Reply {
    let answer = try await caller.send(action, try JSON.encode(request))
    do { return try JSON.decode(Reply.self, from: answer) } catch {
      throw DynamoError(table: name, action: action, reason: .away("its answer is not understood: \(error)"))
    }
  }

  /// Where less was done than asked for, the server has too much to do.
  private func rest(_ left: Int, of all: Int, _ action: String) async throws {
    if left == 0 { return }
    if CurrentRequest.deadline?.hasPassed ?? false {
      throw DynamoError(table: name, action: action, reason: .busy(200, "\(left) of \(all) are left"))
    }
    try await caller.loop.sleep(ms: Int.random(in: 20...60))
  }

  /// That of the loop that asks; any other does from elsewhere.
  private var caller: DynamoCaller {
    guard let loop = EventLoop.current, callers.indices.contains(loop.index),
      callers[loop.index].loop === loop
    else { return callers[0] }
    return callers[loop.index]
  }

  var breakerNumber: Double {
    get async {
      var most = 0.0
      for caller in callers { most = max(most, await caller.breakerState.number) }
      return most
    }
  }
}
