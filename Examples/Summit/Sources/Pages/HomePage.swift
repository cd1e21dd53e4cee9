// The start: what those whom you follow write, and what you write yourself.

import HeightsKit

/// What somebody is about to post.
private struct Draft {
  var entries = Entries.none
  /// The form's name for this attempt: sending it twice makes one post.
  var key = Draft.freshKey

  static var freshKey: String { String(UInt64.random(in: 0...UInt64.max), radix: 36) }
}

extension Pages {
  func home(_ request: Request) async throws -> Response {
    guard let viewer = try await summit.viewer(request) else { return try await welcome(request) }
    return try await feed(viewer, Draft(), before: request.cursor(Identifier.self), request.address)
  }

  func popular(_ request: Request) async throws -> Response {
    let viewer = try await summit.viewer(request)
    let page = try await summit.posts.popular(
      after: request.cursor(PopularCursor.self), for: viewer?.account.id)
    let posts = PostList(viewer: viewer, address: request.address).html(page, more: "More posts")
    return Layout("Popular", summit.assets, for: viewer, at: .popular).response(
      """
      <h1>Popular</h1>
      <p class="lead">What people liked most in the last seven days.</p>
      \(page.items.isEmpty ? Pages.nothing("Nothing yet", "Posts of the last seven days come here.") : posts)
      """)
  }

  func publish(_ request: Request) async throws -> Response {
    try await submitted(request) { viewer, form in
      do {
        let made = try await summit.publish(newPost(form, by: viewer.account))
        return .redirect(to: "/#post-\(made.post.id)")
      } catch let problem as Problem where !problem.fields.isEmpty {
        let entries = Entries(values: ["text": form["text"] ?? ""], problems: problem.fields)
        return try await feed(
          viewer, Draft(entries: entries), before: nil, .start, status: .unprocessableContent)
      }
    }
  }

  /// - Throws: `Problem` (422) that names the fields which can't be accepted.
  private func newPost(_ form: Form, by author: Account) async throws -> NewPost {
    var problems = FieldProblems()
    let text = problems.check("text", Rules.text, form["text"] ?? "")
    let key = form["key"].map { problems.check("Idempotency-Key", Rules.idempotencyKey, $0) }
    try problems.throwIfAny()
    var photo: String?
    if let file = form.file("photo") { photo = try await Photo.store(file, in: summit.photos) }
    return NewPost(author: author, text: text, photo: photo, key: key)
  }

  private func feed(
    _ viewer: Viewer, _ draft: Draft, before: Identifier?, _ address: LocalPath, status: Status = .ok
  ) async throws -> Response {
    let page = try await summit.feed(of: viewer.account, before: before, for: viewer.account.id)
    let posts = PostList(viewer: viewer, address: address).html(page)
    let empty = Pages.nothing(
      "Your feed is empty", "Write something, or follow somebody whose posts are \(Pages.popularLink).")
    return Layout("Home", summit.assets, for: viewer, at: .home).response(
      """
      <h1 class="unseen">Home</h1>
      \(before == nil ? composer(viewer, draft) : nil)
      \(page.items.isEmpty ? empty : posts)
      """, status: status)
  }

  private func composer(_ viewer: Viewer, _ draft: Draft) -> HTML {
    let message = draft.entries.message(of: "text") ?? draft.entries.message(of: "Idempotency-Key")
    let photoMessage = draft.entries.message(of: "photo")
    return """
      <form class="card composer" method="post" action="/posts" enctype="multipart/form-data">
      \(viewer.token)\(hidden("key", draft.key))
      <label class="unseen" for="text">Your post</label>
      <textarea id="text" name="text" rows="3" required placeholder="What did you see up there?"\
      \(FormField.mistake("text", message))>
      \(draft.entries.values["text"] ?? "")</textarea>
      \(FormField.note("text", message))
      <div class="row">
      <label class="unseen" for="photo">A photo, if you like: JPEG, PNG, WebP or GIF</label>
      <input id="photo" name="photo" type="file" accept="image/jpeg,image/png,image/webp,image/gif"\
      \(FormField.mistake("photo", photoMessage))>
      <button class="button">Post</button>
      </div>
      \(FormField.note("photo", photoMessage))
      </form>
      """
  }

  private func welcome(_ request: Request) async throws -> Response {
    let page = try await summit.posts.popular(after: request.cursor(PopularCursor.self), for: nil)
    let posts = PostList(viewer: nil, address: request.address)
    return Layout("Welcome", summit.assets, for: nil, at: .home).response(
      """
      <section class="hero">
      <picture><source srcset="/assets/mountains-night.svg" media="(prefers-color-scheme: dark)">\
      <img src="/assets/mountains-day.svg" alt="" width="1600" height="900"></picture>
      <h1>Share the view from the top</h1>
      <p>Summit is where people who love the mountains post what they saw, and follow those who went further.</p>
      <p class="row"><a class="button" href="/signup">Sign up</a> <a class="button quiet" href="/login">Log in</a></p>
      </section>
      <h2>Popular this week</h2>
      \(page.items.isEmpty ? Pages.nothing("Nothing yet", "Be the first to post.") : posts.html(page, more: "More posts"))
      """)
  }

  private static let popularLink: HTML = "<a href=\"/popular\">popular</a>"

  /// What stands in place of a list that is empty.
  static func nothing(_ title: String, _ what: HTML) -> HTML {
    "<div class=\"card nothing\">\(Icon.popular)<h2>\(title)</h2><p>\(what)</p></div>"
  }
}
