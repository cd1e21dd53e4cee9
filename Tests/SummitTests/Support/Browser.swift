// What a browser does, without the pictures: it keeps a cookie, sends forms, and says where they come from.

import Foundation
import FoundationNetworking
import Synchronization

/// Doesn't follow redirects by itself.
final class Browser: Sendable {
  private let address: String
  private let session: URLSession
  private let cookie = Mutex<String?>(nil)

  init(_ address: String) {
    self.address = address
    let configuration = URLSessionConfiguration.ephemeral
    configuration.httpShouldSetCookies = false
    configuration.httpCookieStorage = nil
    session = URLSession(configuration: configuration, delegate: StayHere(), delegateQueue: nil)
  }

  deinit { session.invalidateAndCancel() }

  /// The session's cookie, such as `session=abc`.
  var sessionCookie: String? { cookie.withLock { $0 } }

  func get(_ path: String, headers: [String: String] = ["Accept": "text/html"]) async throws -> Answer {
    try await send("GET", path, headers)
  }

  /// Sends a form as a browser does from a page of this site.
  func submit(
    _ path: String, _ fields: [String: String], headers: [String: String] = [:]
  ) async throws -> Answer {
    let pairs = fields.map { Browser.encoded($0.key) + "=" + Browser.encoded($0.value) }
    return try await submit(
      path, "application/x-www-form-urlencoded", Data(pairs.joined(separator: "&").utf8), headers)
  }

  /// Sends a form with a file.
  func submit(
    _ path: String, _ fields: [String: String], photo: Data, headers: [String: String] = [:]
  ) async throws -> Answer {
    let boundary = "boundary-7f3a"
    var body = Data()
    for (name, value) in fields {
      body += Data(
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n".utf8)
    }
    body += Data(
      """
      --\(boundary)\r
      Content-Disposition: form-data; name="photo"; filename="view.png"\r
      Content-Type: image/png\r
      \r

      """.utf8)
    body += photo + Data("\r\n--\(boundary)--\r\n".utf8)
    return try await submit(path, "multipart/form-data; boundary=\(boundary)", body, headers)
  }

  /// Calls the API as a program does.
  func api(
    _ method: String, _ path: String, _ json: String? = nil, headers: [String: String] = [:]
  ) async throws -> Answer {
    let own = json == nil ? [:] : ["Content-Type": "application/json"]
    return try await send(method, path, headers.merging(own) { sent, _ in sent }, json.map { Data($0.utf8) })
  }

  private func submit(_ path: String, _ type: String, _ body: Data, _ headers: [String: String]) async throws
    -> Answer
  {
    let own = ["Content-Type": type, "Accept": "text/html", "Origin": address]
    return try await send("POST", path, headers.merging(own) { sent, _ in sent }, body)
  }

  private func send(
    _ method: String, _ path: String, _ headers: [String: String], _ body: Data? = nil
  ) async throws -> Answer {
    guard let url = URL(string: address + path) else { throw URLError(.badURL) }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.httpBody = body
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    if let sessionCookie { request.setValue(sessionCookie, forHTTPHeaderField: "Cookie") }
    let (data, response) = try await session.data(for: request)
    guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
    let answer = Answer(response, data)
    keep(answer.headers["set-cookie"])
    return answer
  }

  private func keep(_ setCookie: String?) {
    guard let setCookie else { return }
    cookie.withLock {
      $0 = setCookie.contains("Max-Age=0") ? nil : String(setCookie.prefix { $0 != ";" })
    }
  }

  private static func encoded(_ text: String) -> String {
    text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
  }
}

/// What came back.
struct Answer: Sendable {
  let status: Int
  /// Names in lower case.
  let headers: [String: String]
  let data: Data

  init(_ response: HTTPURLResponse, _ data: Data) {
    status = response.statusCode
    self.data = data
    var headers: [String: String] = [:]
    for (name, value) in response.allHeaderFields {
      headers["\(name)".lowercased()] = "\(value)"
    }
    self.headers = headers
  }

  var text: String { String(decoding: data, as: UTF8.self) }
  var location: String? { headers["location"] }

  /// The token that the forms of this page carry.
  var token: String { hidden("csrf") }

  /// The value of the page's first hidden field of that name.
  func hidden(_ name: String) -> String { all("name=\"\(name)\" value=\"([^\"]*)\"").first ?? "" }

  /// The posts of this page, in their order.
  var posts: [String] { all("<article class=\"card post\" id=\"post-([0-9]+)\"") }

  /// The address of the next page of the list.
  var next: String? { all("rel=\"next\" href=\"([^\"]*)\"").first }

  /// What is said of a field that wasn't accepted.
  func mistake(_ field: String) -> String? { all("id=\"\(field)-mistake\">([^<]*)<").first }

  /// A member of a JSON object: a string.
  func member(_ name: String) -> String? { all("\"\(name)\":\"([^\"]*)\"").first }

  /// What the group of a pattern stands for, each time.
  func all(_ pattern: String) -> [String] {
    guard let pattern = try? Regex<(Substring, Substring)>(pattern) else { return [] }
    return text.matches(of: pattern).map { String($0.output.1) }
  }
}

/// Leaves it to the test whether to follow a redirect.
private final class StayHere: NSObject, URLSessionTaskDelegate {
  func urlSession(
    _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
    newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
  ) {
    completionHandler(nil)
  }
}
