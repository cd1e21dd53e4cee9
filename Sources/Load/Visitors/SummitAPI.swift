// Summit's JSON API, as requests and what is read from its answers.

import Foundation
import HeightsHTTP

/// The requests of the API; each is a value.
enum SummitAPI {
  static let health = ClientRequest.get("/healthz")
  static let launchPage = ClientRequest.get("/")
  /// Over the admin socket only.
  static let waitlist = ClientRequest.get("/waitlist")

  static func joinWaitlist(email: String) -> ClientRequest {
    // An address is stored once, however often it comes.
    ClientRequest("POST", "/api/waitlist", json: object(["email": email])).repeatable
  }

  static func signUp(_ visitor: Visitor) -> ClientRequest {
    ClientRequest(
      "POST", "/api/accounts",
      json: object([
        "name": visitor.name, "email": visitor.email, "password": visitor.password,
        "displayName": "Visitor \(visitor.name)",
      ]))
  }

  /// - Parameter cookie: of the browser, whose former session that ends.
  static func logIn(_ visitor: Visitor, cookie: String?) -> ClientRequest {
    ClientRequest(
      "POST", "/api/sessions", json: object(["name": visitor.name, "password": visitor.password]),
      cookie: cookie)
  }

  static func signOut(cookie: String?) -> ClientRequest {
    ClientRequest("DELETE", "/api/sessions", cookie: cookie)
  }

  /// The page whose form changes the password.
  static func settings(cookie: String?) -> ClientRequest { .get("/settings", cookie: cookie) }

  /// That form.
  /// - Parameter token: the one that the page has, see `formToken`.
  static func changePassword(from old: String, to new: String, token: String, cookie: String?)
    -> ClientRequest
  {
    let fields = [("csrf", token), ("current", old), ("new", new)]
    let text = fields.map { "\($0)=\(segment($1))" }.joined(separator: "&")
    let body = ClientRequest.Body(mediaType: "application/x-www-form-urlencoded", bytes: Array(text.utf8))
    return ClientRequest("POST", "/settings", body: body, cookie: cookie)
  }

  static func post(_ text: String, key: String, cookie: String?) -> ClientRequest {
    ClientRequest("POST", "/api/posts", json: object(["text": text]), cookie: cookie).keyed(key)
  }

  /// The same bytes twice are one object.
  static func upload(_ picture: [UInt8], cookie: String?) -> ClientRequest {
    let boundary = UUID().uuidString
    let head =
      "--\(boundary)\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"photo.gif\"\r\n"
      + "Content-Type: image/gif\r\n\r\n"
    let bytes = Array(head.utf8) + picture + Array("\r\n--\(boundary)--\r\n".utf8)
    let body = ClientRequest.Body(mediaType: "multipart/form-data; boundary=\(boundary)", bytes: bytes)
    return ClientRequest("POST", "/api/media", body: body, cookie: cookie).repeatable
  }

  static func photo(_ key: String) -> ClientRequest { .get("/media/\(segment(key))") }

  static func feed(cookie: String?) -> ClientRequest { .get("/api/feed", cookie: cookie) }
  static func popular(cookie: String?) -> ClientRequest { .get("/api/popular", cookie: cookie) }
  static func me(cookie: String?) -> ClientRequest { .get("/api/me", cookie: cookie) }
  static func account(_ name: String) -> ClientRequest { .get("/api/accounts/\(segment(name))") }

  static func post(id: String, cookie: String? = nil) -> ClientRequest {
    .get("/api/posts/\(segment(id))", cookie: cookie)
  }

  static func follow(_ name: String, _ method: String, cookie: String?) -> ClientRequest {
    ClientRequest(method, "/api/accounts/\(segment(name))/follow", cookie: cookie)
  }

  static func like(post id: String, _ method: String, cookie: String?) -> ClientRequest {
    ClientRequest(method, "/api/posts/\(segment(id))/like", cookie: cookie)
  }

  static func isFollowing(_ pair: Pair) -> ClientRequest {
    .get("/api/accounts/\(segment(pair.subject))/following/\(segment(pair.object))")
  }

  static func hasLiked(_ pair: Pair) -> ClientRequest {
    .get("/api/posts/\(segment(pair.object))/likes/\(segment(pair.subject))")
  }

  // MARK: Answers

  /// What shows that a form comes from a page of the session: nil for a page without forms.
  static func formToken(_ page: [UInt8]) -> String? {
    String(decoding: page, as: UTF8.self).firstMatch(of: /name="csrf" value="([0-9a-f]+)"/).map {
      String($0.1)
    }
  }

  /// The stage that `/healthz` tells.
  static func stage(_ body: [UInt8]) -> Int? {
    struct Health: Decodable { let stage: Int }
    return try? JSONDecoder().decode(Health.self, from: Data(body)).stage
  }

  /// The identifier of a post that was made: decimal digits.
  static func postID(_ body: [UInt8]) -> String? {
    struct Post: Decodable { let id: String }
    let id = try? JSONDecoder().decode(Post.self, from: Data(body)).id
    return id.flatMap {
      (1...19).contains($0.count) && $0.utf8.allSatisfy { (48...57).contains($0) } ? $0 : nil
    }
  }

  /// The key of a photo that was stored.
  static func photoKey(_ body: [UInt8]) -> String? {
    struct Photo: Decodable { let key: String }
    let key = try? JSONDecoder().decode(Photo.self, from: Data(body)).key
    return key.flatMap { (1...200).contains($0.utf8.count) ? $0 : nil }
  }

  static func accountName(_ body: [UInt8]) -> String? {
    struct Account: Decodable { let name: String }
    return try? JSONDecoder().decode(Account.self, from: Data(body)).name
  }

  static func postLikes(_ body: [UInt8]) -> Int? {
    struct Post: Decodable { let likes: Int }
    return try? JSONDecoder().decode(Post.self, from: Data(body)).likes
  }

  static func postText(_ body: [UInt8]) -> String? {
    struct Post: Decodable { let text: String }
    return try? JSONDecoder().decode(Post.self, from: Data(body)).text
  }

  /// The addresses of the admin socket's list, one JSON object per line.
  static func waitlistEmails(_ body: [UInt8]) throws -> Set<String> {
    struct Entry: Decodable { let email: String }
    let decoder = JSONDecoder()
    return Set(try body.split(separator: 10).map { try decoder.decode(Entry.self, from: Data($0)).email })
  }

  /// Everything but letters, digits, `-`, `_`, `.` and `~` as %XX.
  private static func segment(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: unreserved) ?? ""
  }

  private static let unreserved = CharacterSet(
    charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")

  private static func object(_ members: KeyValuePairs<String, String>) -> String { FlatJSON.object(members) }
}

/// JSON text of flat objects of strings: all that is ever written.
enum FlatJSON {
  static func object(_ members: KeyValuePairs<String, String>) -> String {
    "{" + members.map { "\(string($0.key)):\(string($0.value))" }.joined(separator: ",") + "}"
  }

  private static func string(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{0}"..."\u{1F}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
