// Requests to a bucket as spans of the request that they are for.

/// A request to a bucket. Its path is not told: it has whose objects they are.
struct S3Span: SpanSubject {
  let method: String
  let host: String
  /// Nil when there was no answer.
  let status: Int?

  var kind: SpanKind { .client }
  var name: String { "\(method) S3" }

  var attributes: [SpanAttribute] {
    [
      SpanAttribute("http.request.method", method), SpanAttribute("rpc.system", "aws-api"),
      SpanAttribute("rpc.service", "S3"), SpanAttribute("server.address", host),
    ] + (status.map { [SpanAttribute("http.response.status_code", $0)] } ?? [])
  }

  static func failure(of result: Result<CurlAnswer, any Error>) -> String? {
    switch result {
    case .success(let answer): answer.status < 400 ? nil : String(answer.status)
    case .failure: "away"
    }
  }
}
