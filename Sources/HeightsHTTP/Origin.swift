// Cross-site requests are refused before they reach a handler.

/// Refuses what another site makes a browser send (cross-site request forgery).
public enum Origin {
  /// For `Router.require`. Methods that change nothing pass, and so do clients that aren't browsers.
  /// - Throws: `Problem` (403) when the request comes from another site.
  public static func check(_ request: Request) throws {
    guard !request.method.isSafe else { return }
    if let site = request.header("Sec-Fetch-Site") {
      if site != "same-origin" && site != "none" { throw refusal }
    } else if let origin = request.header("Origin") {
      // The scheme is not compared: a load balancer may have taken TLS away.
      guard let host = request.header("Host")?.lowercased(),
        [("http://", ":80"), ("https://", ":443")].contains(where: { scheme, port in
          origin.lowercased().withoutEnd(port) == scheme + host.withoutEnd(port)
        })
      else { throw refusal }
    }
  }

  private static let refusal = Problem(
    .forbidden, title: "The request comes from another site", detail: "Open the page itself and try again.")
}

extension String {
  /// Of a port that is the scheme's own, which some write and others don't (RFC 9110, 4.2.3).
  fileprivate func withoutEnd(_ end: String) -> String { hasSuffix(end) ? String(dropLast(end.count)) : self }
}
