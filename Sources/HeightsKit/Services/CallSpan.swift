// One try of a call as a span of the request that it is for.

/// A call to another service. Its arguments are not told.
struct CallSpan: SpanSubject {
  private let service: String
  private let call: String
  private let address: ServerAddress?
  /// Nil when there was no answer.
  private let status: Int?
  private let isRepeated: Bool

  /// - Parameters:
  ///   - address: nil where none is known.
  ///   - result: nil when nothing was sent.
  init(
    service: String, call: String, address: ServerAddress?,
    _ result: Result<ClientResponse, ClientFailure>? = nil, isRepeated: Bool = false
  ) {
    (self.service, self.call, self.address, self.isRepeated) = (service, call, address, isRepeated)
    status = try? result?.get().status
  }

  var kind: SpanKind { .client }
  var name: String { "POST \(CallHeaders.path(service, call))" }

  var attributes: [SpanAttribute] {
    var attributes = [
      SpanAttribute("http.request.method", "POST"), SpanAttribute("rpc.service", service),
      SpanAttribute("rpc.method", call),
    ]
    if let address {
      attributes.append(SpanAttribute("url.full", "http://\(address)\(CallHeaders.path(service, call))"))
      attributes += SpanAttribute.server(address.host, port: address.port)
    }
    if let status { attributes.append(SpanAttribute("http.response.status_code", status)) }
    if isRepeated { attributes.append(SpanAttribute("http.request.resend_count", 1)) }
    return attributes
  }

  /// What went wrong at the other side, or on the way there.
  static func failure(of result: Result<ClientResponse, ClientFailure>) -> String? {
    switch result {
    case .success(let answer): answer.status < 400 ? nil : String(answer.status)
    case .failure(let failure): failure.kind
    }
  }
}
