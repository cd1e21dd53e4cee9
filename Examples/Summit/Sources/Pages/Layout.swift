// What is around the content of every page, and the headers that go with it.

import HeightsKit

/// A page without its content.
struct Layout: Sendable {
  /// Who reads it.
  enum Reader: Sendable {
    case viewer(Viewer)
    case visitor
    /// The page is made without a look at who asks.
    case anybody
  }

  /// Which entry of the navigation the page belongs to.
  enum Place: Sendable {
    case home, popular, profile, settings, logIn, signUp, elsewhere
  }

  let title: String
  let assets: Assets
  let reader: Reader
  let place: Place

  init(_ title: String, _ assets: Assets, for viewer: Viewer?, at place: Place = .elsewhere) {
    self.init(title, assets, reader: viewer.map { .viewer($0) } ?? .visitor, at: place)
  }

  init(_ title: String, _ assets: Assets, reader: Reader, at place: Place = .elsewhere) {
    self.title = title
    self.assets = assets
    self.reader = reader
    self.place = place
  }

  /// The answer: the page with `content` in it.
  func response(_ content: HTML, status: Status = .ok) -> Response {
    var response = Response.html(page(content), status: status)
    response.headers += [
      ("Content-Security-Policy", Layout.policy),
      ("Referrer-Policy", "same-origin"),
      ("Cache-Control", isOfSession ? "no-store" : "no-cache"),
      ("Vary", "Cookie"),
    ]
    return response
  }

  /// Nothing runs in a page, nothing is loaded from elsewhere, and no other site may show it in a frame.
  private static let policy =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

  private var isOfSession: Bool {
    if case .viewer = reader { return true }
    return false
  }

  private func page(_ content: HTML) -> HTML {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <title>\(title) · Summit</title>
    <meta name="color-scheme" content="light dark">
    <meta name="theme-color" content="#f5f1ea" media="(prefers-color-scheme: light)">
    <meta name="theme-color" content="#0f171a" media="(prefers-color-scheme: dark)">
    <link rel="icon" href="\(assets.url("favicon.svg"))" type="image/svg+xml">
    <link rel="stylesheet" href="\(assets.url("summit.css"))">
    </head>
    <body class="\(isOfSession ? "inside" : "outside")">
    <a class="skip" href="#content">Skip to the content</a>
    <header class="top">
    <a class="brand" href="/">\(Icon.logo)<span>Summit</span></a>
    \(navigation)
    </header>
    <main id="content">
    \(content)
    </main>
    <footer class="foot"><p>Summit, a small social app. <a href="/openapi.json">API</a></p></footer>
    </body>
    </html>

    """
  }

  private var navigation: HTML? {
    switch reader {
    case .viewer(let viewer): tabs(viewer)
    case .visitor:
      """
      <nav class="guest" aria-label="Main">\
      \(link(.popular, "/popular", "Popular"))\(link(.logIn, "/login", "Log in"))\
      \(link(.signUp, "/signup", "Sign up", style: "button"))</nav>
      """
    case .anybody: nil
    }
  }

  private func tabs(_ viewer: Viewer) -> HTML {
    """
    <nav class="tabs" aria-label="Main">
    \(link(.home, "/", "Home", Icon.home))
    \(link(.popular, "/popular", "Popular", Icon.popular))
    \(link(.profile, "/@" + viewer.account.name, "Profile", Icon.person))
    \(link(.settings, "/settings", "Settings", Icon.settings))
    </nav>
    """
  }

  private func link(
    _ place: Place, _ path: String, _ label: String, _ icon: HTML? = nil, style: String = "entry"
  ) -> HTML {
    let current: HTML? = place == self.place ? " aria-current=\"page\"" : nil
    return "<a class=\"\(style)\" href=\"\(path)\"\(current)>\(icon)<span>\(label)</span></a>"
  }
}
