// How posts look.

import HeightsKit

/// Shows posts to somebody: each with the button that likes it or takes that back.
struct PostList: Sendable {
  let viewer: Viewer?
  /// The page that they stand on.
  let address: LocalPath

  /// A page of a list.
  /// - Parameter more: what the link to the next page says.
  func html(_ page: Page<Post>, more: String = "Older posts") -> HTML {
    let list: HTML = "<div class=\"posts\">\(page.items.map { card($0) })</div>"
    let path = address.text.prefix { $0 != "?" }
    let back: HTML? = path.count == address.text.count ? nil : "<a href=\"\(path)\">Back to the top</a>"
    let next: HTML? = page.next.map {
      "<a class=\"button quiet\" rel=\"next\" href=\"\(path)?cursor=\($0)\">\(more)</a>"
    }
    return "\(list)<nav class=\"pager\" aria-label=\"Pages\">\(back)\(next)</nav>"
  }

  /// One post of a list: the photo is cut to one shape, so that nothing moves when it comes.
  func card(_ post: Post) -> HTML {
    let photo: HTML? = post.photo.map {
      "<a class=\"photo\" href=\"/posts/\(post.id)\">\(image($0, of: post, loading: "lazy"))</a>"
    }
    return article(post, photo)
  }

  /// The post on its own page: the whole photo.
  func whole(_ post: Post) -> HTML {
    let photo: HTML? = post.photo.map {
      "<a class=\"photo whole\" href=\"/media/\($0)\">\(image($0, of: post, loading: "eager"))</a>"
    }
    return article(post, photo)
  }

  private func image(_ key: String, of post: Post, loading: String) -> HTML {
    """
    <img src="/media/\(key)" alt="Photo by \(post.authorDisplayName)" loading="\(loading)" decoding="async">
    """
  }

  private func article(_ post: Post, _ photo: HTML?) -> HTML {
    """
    <article class="card post" id="post-\(post.id)">
    <header>
    \(Avatar(name: post.authorName, displayName: post.authorDisplayName).html)
    <div class="by">
    <a class="author" href="/@\(post.authorName)">\
    <bdi class="display">\(post.authorDisplayName)</bdi> <span class="handle">@\(post.authorName)</span></a>
    <a class="when" href="/posts/\(post.id)">\(Moment(ms: post.id.createdAtMs).html)</a>
    </div>
    </header>
    <p class="text" dir="auto">\(post.text)</p>
    \(photo)
    <footer>\(like(post))</footer>
    </article>
    """
  }

  private func like(_ post: Post) -> HTML {
    let count: HTML = "<span class=\"count\">\(post.likeCount)</span>"
    guard let viewer else {
      let back = "/posts/\(post.id)".percentEncoded
      return """
        <a class="like" href="/login?back=\(back)" aria-label="\(likes(post)). Log in to like it">\
        \(Icon.heart)\(count)</a>
        """
    }
    return """
      <form method="post" action="/posts/\(post.id)/\(post.isLiked ? "unlike" : "like")">
      \(viewer.token)\(hidden("back", address.text + "#post-\(post.id)"))
      <button class="like\(post.isLiked ? " liked" : "")" \
      aria-label="\(likes(post)). \(post.isLiked ? "You like it: take that back" : "Like it")">\(Icon.heart)\(count)</button>
      </form>
      """
  }

  private func likes(_ post: Post) -> String { post.likeCount == 1 ? "1 like" : "\(post.likeCount) likes" }
}

/// Stands for somebody: the first letter on a colour of their name's.
struct Avatar: Sendable {
  private static let tones = 6

  let name: String
  let displayName: String

  var html: HTML {
    let tone = Int(Shard(of: name).number) % Avatar.tones
    return """
      <a class="avatar tone-\(tone)" href="/@\(name)" aria-hidden="true" tabindex="-1">\
      \(displayName.prefix(1).uppercased())</a>
      """
  }
}
