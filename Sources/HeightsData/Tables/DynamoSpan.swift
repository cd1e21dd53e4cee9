// Requests to DynamoDB as spans of the request that they are for.

/// One try of a request to DynamoDB.
struct DynamoSpan: SpanSubject {
  let action: String
  let place: DynamoPlace
  /// Nil when there was no answer.
  let status: Int?

  var kind: SpanKind { .client }
  var name: String { "\(action) \(place.table)" }

  var attributes: [SpanAttribute] {
    [
      SpanAttribute("db.system.name", "aws.dynamodb"), SpanAttribute("db.operation.name", action),
      SpanAttribute("db.collection.name", place.table), SpanAttribute("cloud.region", place.region),
    ] + SpanAttribute.server(place.host, port: place.port)
      + (status.map { [SpanAttribute("http.response.status_code", $0)] } ?? [])
  }

  static func failure(of result: Result<ClientResponse, ClientFailure>) -> String? {
    switch result {
    // 400 is also what a condition that doesn't hold is answered with: an answer as any other.
    case .success(let answer): answer.status < 500 ? nil : String(answer.status)
    case .failure(let failure): failure.kind
    }
  }
}
