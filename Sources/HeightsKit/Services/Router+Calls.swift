// The door of a service: calls of other services, and nothing else.

extension Router {
  /// The most that the arguments of a call may take.
  static var callBodyLimitBytes: Int { 1 << 20 }

  /// Answers the calls of a service.
  mutating func addCalls<Client: ServiceClient>(
    of client: Client.Type, _ here: Client.Work, _ callers: CallersKnown
  ) {
    for call in Client.calls {
      post(CallHeaders.path(Client.service, call.name), maxBodyBytes: Self.callBodyLimitBytes) { request in
        do throws(Problem) {
          _ = try callers.caller(request.header("Authorization"), nowMs: wallClockMs())
        } catch {
          return Self.refusal(error)
        }
        request.takeCallContext()
        return try await Self.answer(client, call, here, request)
      }
    }
    // A newer caller has calls that this version has not.
    post("/services/{call...}") { request in
      Self.refusal(.notFound("\(try request.parameter("call")) is no call of \(Client.service)."))
    }
  }

  /// The answer to a call that was not begun.
  private static func refusal(_ problem: Problem) -> Response { problem.response.with(NotBegun.header, "1") }

  private static func answer<Client: ServiceClient>(
    _ client: Client.Type, _ call: RemoteCall<Client.Work>, _ here: Client.Work, _ request: Request
  ) async throws -> Response {
    var response: Response
    do {
      response = .bytes(try await call(here, request.bytes()), contentType: "application/json")
    } catch let error as ArgumentsNotUnderstood {
      return Self.refusal(.badRequest("The arguments are not understood: \(error.reason)"))
    } catch let failure as Client.Failure {
      response = Problem(failure, of: Client.service).response
    } catch let error as any ProblemConvertible {
      response = error.problem.response
    } catch let problem as Problem {
      response = problem.response
    }
    if let seen = request.seen?.cookie { response = response.with(CallHeaders.seen, seen) }
    return response
  }
}

extension Problem {
  /// How an error of a service's interface travels.
  init(_ failure: some ServiceError, of service: String) {
    let shown = (failure as? any ProblemConvertible)?.problem
    self.init(
      shown?.status ?? .unprocessableContent, type: "/errors/\(service)/\(failure.rawValue)",
      title: shown?.title ?? failure.rawValue, detail: shown?.detail, fields: shown?.fields ?? [],
      retryAfterSeconds: shown?.retryAfterSeconds)
  }
}
