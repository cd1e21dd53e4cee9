// A service that is elsewhere: its answers, as its client understands them.

/// Calls a service from whichever loop asks.
final class RemoteService<Failure: ServiceError>: RemoteCalling {
  private let service: String
  private let callers: [ServiceCaller]

  init(_ service: String, _ callers: [ServiceCaller]) { (self.service, self.callers) = (service, callers) }

  func call(_ name: String, _ arguments: [UInt8], _ kind: CallKind) async throws -> [UInt8] {
    let seen = CurrentRequest.context?.seen
    let moment = seen?.copy.moment
    do {
      let answer = try await caller.call(name, arguments, kind)
      if let told = answer.header(CallHeaders.seen), let moment {
        seen?.take(told, since: moment)
      } else if answer.status >= 500 {
        // What broke off says nothing of what it had written.
        seen?.mayHaveWrittenAnywhere()
      }
      if answer.isSuccess { return answer.body }
      throw CallAnswer.error(answer, of: service, Failure.self)
    } catch let error as CallError {
      if error.effect == .mayHaveHappened { seen?.mayHaveWrittenAnywhere() }
      throw error
    }
  }

  func misunderstood(_ name: String, _ error: any Error) -> CallError {
    CallError(
      call: "\(service)/\(name)", effect: .mayHaveHappened, reason: "the answer is not understood: \(error)")
  }

  /// That of the loop that asks; any other does from elsewhere.
  private var caller: ServiceCaller {
    guard let loop = EventLoop.current, callers.indices.contains(loop.index),
      callers[loop.index].loop === loop
    else { return callers[0] }
    return callers[loop.index]
  }
}

/// What a service answers when it does not answer with a result.
enum CallAnswer {
  private struct Document: Decodable {
    struct Field: Decodable {
      let name: String
      let message: String
    }
    let type: String?
    let title: String?
    let detail: String?
    let errors: [Field]?
  }

  /// The error that the service has thrown.
  static func error<Failure: ServiceError>(
    _ answer: ClientResponse, of service: String, _ failure: Failure.Type
  ) -> any Error {
    let document = try? JSON.decode(Document.self, from: answer.body)
    let prefix = "/errors/\(service)/"
    if let type = document?.type, type.hasPrefix(prefix) {
      let name = String(type.dropFirst(prefix.count))
      return Failure(rawValue: name) ?? UnknownServiceError(service: service, name: name) as any Error
    }
    // What the service could not say otherwise says here what it would have said in the same process.
    return Problem(
      Status(answer.status), type: document?.type ?? "about:blank",
      title: document?.title ?? "The service \(service) answered \(answer.status)", detail: document?.detail,
      fields: document?.errors?.map { .init($0.name, $0.message) } ?? [],
      retryAfterSeconds: answer.header("Retry-After").flatMap { Int($0) })
  }
}

/// A service of the same process whose calls pass through what carries them over the network, but for the network: whoever
/// tests an app so sees what would fail once its services are apart.
final class CheckedService<Client: ServiceClient>: RemoteCalling {
  private let work: Client.Work

  init(_ client: Client.Type, _ work: Client.Work) { self.work = work }

  func call(_ name: String, _ arguments: [UInt8], _ kind: CallKind) async throws -> [UInt8] {
    guard let call = Client.calls.first(where: { $0.name == name }) else {
      throw CallError(
        call: "\(Client.service)/\(name)", effect: .didNotHappen,
        reason: "\(Client.self).calls has no call of that name")
    }
    do {
      return try await call(work, arguments)
    } catch let error as ArgumentsNotUnderstood {
      throw CallError(call: "\(Client.service)/\(name)", effect: .didNotHappen, reason: error.reason)
    } catch let failure as Client.Failure {
      var answer = ClientResponse(status: 422)
      answer.body = JSONWriter.bytes(of: Problem(failure, of: Client.service))
      throw CallAnswer.error(answer, of: Client.service, Client.Failure.self)
    } catch let error as any ProblemConvertible {
      // All that a caller elsewhere would be told.
      throw error.problem
    }
  }

  func misunderstood(_ name: String, _ error: any Error) -> CallError {
    CallError(
      call: "\(Client.service)/\(name)", effect: .mayHaveHappened,
      reason: "the result is not understood: \(error)")
  }
}
