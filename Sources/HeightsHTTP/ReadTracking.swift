// What a browser's session has read and written, remembered in a cookie from request to request.

import Synchronization

/// Whether requests have to remember what they have seen: only while some cluster has more than one server.
package final class ReadTracking: Sendable {
  /// A token that is older says nothing: followers that lag by more than a second are not read anyway.
  private static let cookieSeconds = 3_600

  private let secure: Bool
  private let replicated = Mutex<Set<ObjectIdentifier>>([])
  private let isNeeded = Atomic<Bool>(false)

  /// - Parameter secure: whether the cookie is sent back over TLS only.
  package init(secure: Bool) { self.secure = secure }

  var isOn: Bool { isNeeded.load(ordering: .relaxed) }

  /// Whether a cluster has more than one server.
  package func set(_ isReplicated: Bool, for cluster: ObjectIdentifier) {
    replicated.withLock { replicated in
      if isReplicated { replicated.insert(cluster) } else { replicated.remove(cluster) }
      isNeeded.store(!replicated.isEmpty, ordering: .relaxed)
    }
  }

  /// Answers a request: what it reads is no older than what its session has seen, and the answer tells the browser what
  /// that is now, if it has changed.
  func follow(_ request: Request, _ answer: (Request) async -> Response) async -> Response {
    let seen = SeenPositions(cookie: request.cookie(SeenPositions.cookieName))
    request.seen = seen
    let response = await answer(request)
    // A cache would hand it to others.
    guard let cookie = seen.cookie, !response.isForCaches else { return response }
    return response.with(
      Cookie(
        name: SeenPositions.cookieName, value: cookie, maxAgeSeconds: Self.cookieSeconds, secure: secure))
  }
}

extension Response {
  fileprivate var isForCaches: Bool { header("Cache-Control")?.contains("public") == true }
}
