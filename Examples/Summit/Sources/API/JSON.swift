// The JSON forms of what the API speaks of.

import HeightsKit

/// An account as everybody sees it.
struct PublicAccount: JSONWritable {
  let account: Account

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", account.id.description)
      $0.member("name", account.name)
      $0.member("displayName", account.displayName)
      $0.member("createdAtMs", account.id.createdAtMs)
    }
  }
}

/// An account as its owner sees it.
struct OwnAccount: JSONWritable {
  let account: Account

  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", account.id.description)
      $0.member("name", account.name)
      $0.member("displayName", account.displayName)
      $0.member("email", account.email)
      $0.member("createdAtMs", account.id.createdAtMs)
    }
  }
}

extension Post: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("id", id.description)
      $0.member("author") {
        $0.member("name", authorName)
        $0.member("displayName", authorDisplayName)
      }
      $0.member("text", text)
      $0.member("photo", photo.map { "/media/" + $0 })
      $0.member("likes", likeCount)
      $0.member("createdAtMs", id.createdAtMs)
    }
  }
}

extension Page: JSONWritable where Item: JSONWritable {
  func write(to json: inout JSONWriter) {
    json.object {
      $0.member("items", array: items)
      $0.member("next", next)
    }
  }
}
