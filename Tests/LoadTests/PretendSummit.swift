// Summit's API in memory, on real sockets, with the faults that a test asks for.

import Foundation
import Synchronization
import TestSupport

@testable import Load

/// What an app that keeps its promises would know, and ways to make it break them.
final class PretendSummit: Sendable {
  struct State: Sendable {
    var stage = 2
    var accounts: Set<String> = []
    var passwords: [String: String] = [:]
    var sessions: [String: String] = [:]
    /// Those that are over as well.
    var begun: [String: String] = [:]
    /// What does not end sessions although it says so.
    var lies: Set<EndedSession.Ending> = []
    var posts: [String: String] = [:]
    var follows: Set<Pair> = []
    var likes: Set<Pair> = []
    var waitlist: [String] = []
    var photos: [String: [UInt8]] = [:]
    var seen: [String: Int] = [:]
    /// Answers instead of the usual one, by the beginning of 'METHOD path'; one is used up by each request.
    var faults: [String: [Int]] = [:]
  }

  let state: Mutex<State>

  init(stage: Int = 2) { state = Mutex(State(stage: stage)) }

  func serve(_ connection: TestConnection) {
    while let request = connection.readRequest() {
      if request.path.hasPrefix("/media/") {
        let photo = state.withLock { $0.photos[String(request.path.dropFirst(7))] }
        if let photo { connection.answer(photo) } else { connection.answer(404) }
        continue
      }
      let (status, body, headers) = state.withLock { answer(request, &$0) }
      connection.answer(status, body, headers: headers)
    }
  }

  private func answer(_ request: TestRequest, _ state: inout State) -> (Int, String, String) {
    let parts = request.path.split(separator: "/").map(String.init)
    let route = "\(request.method) /\(parts.joined(separator: "/"))"
    state.seen[
      "\(request.method) \(parts.prefix(2).joined(separator: "/")) \(parts.last ?? "")", default: 0] += 1
    if let prefix = state.faults.keys.first(where: { route.hasPrefix($0) }),
      let status = state.faults[prefix]?.popLast()
    {
      return (status, "{}", "")
    }
    let name = sessionCookie(of: request).flatMap { state.sessions[$0] }
    switch (request.method, parts.first ?? "", parts.dropFirst().first ?? "", parts.count) {
    case ("GET", "", _, 0): return (200, "<h1>Soon</h1>", "")
    case ("GET", "healthz", _, _): return (200, #"{"status":"ok","stage":\#(state.stage)}"#, "")
    case ("GET", "waitlist", _, _): return (200, waitlist(state), "")
    case ("POST", "api", "waitlist", _):
      state.waitlist.append(member("email", of: request))
      return (201, "{}", "")
    case ("POST", "api", "accounts", 2):
      state.accounts.insert(member("name", of: request))
      state.passwords[member("name", of: request)] = member("password", of: request)
      return begin(member("name", of: request), &state)
    case ("POST", "api", "sessions", 2): return logIn(request, &state)
    case ("DELETE", "api", "sessions", 2):
      if !state.lies.contains(.signOut), let cookie = sessionCookie(of: request) {
        state.sessions[cookie] = nil
      }
      return (204, "", "Set-Cookie: session=; Max-Age=0; Path=/\r\n")
    case ("POST", "api", "media", 2): return upload(request, by: name, &state)
    case ("GET", "settings", _, _):
      return name == nil
        ? (303, "", "Location: /login\r\n") : (200, #"<form><input name="csrf" value="\#(Self.token)">"#, "")
    case ("POST", "settings", _, _): return changePassword(request, of: name, &state)
    case ("POST", "api", "posts", 2): return post(member("text", of: request), by: name, &state)
    case ("GET", "api", "posts", 3): return text(of: parts[2], state)
    case ("GET", "api", "posts", 5):
      return (state.likes.contains(Pair(subject: parts[4], object: parts[2])) ? 204 : 404, "", "")
    case ("GET", "api", "accounts", 3): return (state.accounts.contains(parts[2]) ? 200 : 404, "{}", "")
    case ("GET", "api", "accounts", 5):
      return (state.follows.contains(Pair(subject: parts[2], object: parts[4])) ? 204 : 404, "", "")
    case (_, "api", "accounts", 4): return tie(\.follows, name, parts[2], request.method, &state)
    case (_, "api", "posts", 4): return tie(\.likes, name, parts[2], request.method, &state)
    case ("GET", "api", "popular", _): return (200, "{}", "Set-Cookie: seen=\(state.posts.count); Path=/\r\n")
    case ("GET", "api", "me", _):
      return name.map { (200, FlatJSON.object(["name": $0]), "") } ?? (401, "{}", "")
    case ("GET", "api", "feed", _): return (name == nil ? 401 : 200, "{}", "")
    default: return (404, "{}", "")
    }
  }

  private func sessionCookie(of request: TestRequest) -> String? {
    let cookies = request.headers["cookie"]?.split(separator: ";").map { $0.drop { $0 == " " } }
    return cookies?.first { $0.hasPrefix("session=") }.map(String.init)
  }

  private static let token = "5ec1e7"

  private func begin(_ name: String, _ state: inout State) -> (Int, String, String) {
    let cookie = "session=\(state.begun.count)"
    (state.begun[cookie], state.sessions[cookie]) = (name, name)
    return (201, "{}", "Set-Cookie: \(cookie); HttpOnly; Path=/\r\n")
  }

  private func logIn(_ request: TestRequest, _ state: inout State) -> (Int, String, String) {
    let name = member("name", of: request)
    guard state.passwords[name] == member("password", of: request) else { return (401, "{}", "") }
    if !state.lies.contains(.logIn), let cookie = sessionCookie(of: request) { state.sessions[cookie] = nil }
    return begin(name, &state)
  }

  private func changePassword(
    _ request: TestRequest, of name: String?, _ state: inout State
  ) -> (Int, String, String) {
    let form = request.body.split(separator: "&").map { $0.split(separator: "=").map(String.init) }
    guard let name, form[0] == ["csrf", Self.token], form[1] == ["current", state.passwords[name] ?? ""]
    else { return (422, "", "") }
    state.passwords[name] = form[2][1]
    if !state.lies.contains(.passwordChange) { state.sessions = state.sessions.filter { $0.value != name } }
    let (_, _, headers) = begin(name, &state)
    return (303, "", "Location: /settings?changed\r\n" + headers)
  }

  private func upload(
    _ request: TestRequest, by name: String?, _ state: inout State
  ) -> (Int, String, String) {
    let boundary = request.headers["content-type"]?.components(separatedBy: "boundary=").last ?? ""
    let head = Array("\r\n\r\n".utf8)
    let start = (0..<max(request.bytes.count - 3, 0)).first { request.bytes[$0..<$0 + 4].elementsEqual(head) }
    guard name != nil, let start else { return (401, "{}", "") }
    let end = request.bytes.count - "\r\n--\(boundary)--\r\n".utf8.count
    let key = "\(state.photos.count).gif"
    state.photos[key] = Array(request.bytes[start + 4..<end])
    return (201, FlatJSON.object(["key": key]), "")
  }

  private func post(_ text: String, by name: String?, _ state: inout State) -> (Int, String, String) {
    if name == nil { return (401, "{}", "") }
    let id = "\(9_000_000_000 + state.posts.count)"
    state.posts[id] = text
    return (201, #"{"id":"\#(id)"}"#, "")
  }

  private func text(of id: String, _ state: State) -> (Int, String, String) {
    guard let text = state.posts[id] else { return (404, "{}", "") }
    return (200, FlatJSON.object(["id": id, "text": text]), "")
  }

  private func tie(
    _ ties: WritableKeyPath<State, Set<Pair>>, _ name: String?, _ object: String, _ method: String,
    _ state: inout State
  ) -> (Int, String, String) {
    guard let name else { return (401, "{}", "") }
    let pair = Pair(subject: name, object: object)
    if method == "PUT" { state[keyPath: ties].insert(pair) } else { state[keyPath: ties].remove(pair) }
    return (204, "", "")
  }

  private func waitlist(_ state: State) -> String {
    state.waitlist.map { #"{"email":"\#($0)","joinedAtMs":1}"# + "\n" }.joined()
  }

  private func member(_ name: String, of request: TestRequest) -> String {
    let object = try? JSONDecoder().decode([String: String].self, from: Data(request.body.utf8))
    return object?[name] ?? ""
  }
}
