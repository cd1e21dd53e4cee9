// Requests for the names of others are refused where the app is told by which ones it may be asked for.

import Contract

extension Router {
  /// Has every request be for one of `names`, before anything else is asked of it. One that names no host at all comes from
  /// no browser.
  mutating func require(_ names: HostNames) {
    requireFirst { request in
      guard let host = request.header("Host"), !names.allow(host) else { return }
      throw Problem(
        421, title: "Not for this host",
        detail: "This app answers to addresses, localhost\(names.names.map { ", \($0)" }.joined()). "
          + "To ask for it by another name, put that into \"hosts\" in heights.json, then start the lab anew."
      )
    }
  }
}
