// What is asked of etcd: its JSON gateway, in which keys and values are base64.

import Foundation

struct EtcdClient: Sendable {
  private let client: AdminClient

  init(host: Host) { client = AdminClient(UnixAddress(folder: host.outerFolder, name: Etcd.socket)) }

  func isHealthy() -> Bool {
    struct Health: Decodable { let health: String }
    guard let answer = try? client.get("/health", limitMs: HostClient.limitMs), answer.status == 200 else {
      return false
    }
    return (try? JSONDecoder().decode(Health.self, from: Data(answer.body)))?.health == "true"
  }

  /// Nil when it can't be asked.
  func isLeader() -> Bool? {
    struct Status: Decodable {
      struct Header: Decodable {
        let member: String

        enum CodingKeys: String, CodingKey {
          case member = "member_id"
        }
      }

      let header: Header
      let leader: String?
    }
    let status: Status? = try? ask("/v3/maintenance/status", [:])
    return status.map { $0.leader == $0.header.member }
  }

  func has(_ key: String) throws(LabError) -> Bool {
    struct Range: Decodable { let count: String? }
    let range: Range = try ask("/v3/kv/range", ["key": base64(key), "count_only": true])
    return range.count.map { $0 != "0" } ?? false
  }

  /// Nil for a key that has none.
  func value(of key: String) throws(LabError) -> Data? {
    struct Range: Decodable {
      struct Pair: Decodable { let value: String? }
      let kvs: [Pair]?
    }
    let range: Range = try ask("/v3/kv/range", ["key": base64(key)])
    return range.kvs?.first?.value.flatMap { Data(base64Encoded: $0) }
  }

  /// Stores a value under a key that has none; one that has keeps what it has.
  func putIfAbsent(_ key: String, _ value: String) throws(LabError) {
    let isAbsent: [String: Any] = ["key": base64(key), "target": "CREATE", "create_revision": "0"]
    let put: [String: Any] = ["request_put": ["key": base64(key), "value": base64(value)]]
    let _: Done = try ask("/v3/kv/txn", ["compare": [isAbsent], "success": [put]])
  }

  struct Member: Decodable {
    let id: String
    let peerURLs: [String]
    /// Nil of one that was given its place and has not come yet.
    let clientURLs: [String]?

    enum CodingKeys: String, CodingKey {
      case id = "ID"
      case peerURLs, clientURLs
    }
  }

  /// As the one that is asked knows them.
  func members() throws(LabError) -> [Member] {
    struct List: Decodable { let members: [Member] }
    let list: List = try ask("/v3/cluster/member/list", [:])
    return list.members
  }

  /// A majority has agreed when this returns.
  func removeMember(_ id: String) throws(LabError) {
    let _: Done = try ask("/v3/cluster/member/remove", ["ID": id])
  }

  /// The same of a new one, which is to start then.
  func addMember(_ peerURL: String) throws(LabError) {
    let _: Done = try ask("/v3/cluster/member/add", ["peerURLs": [peerURL]])
  }

  private struct Done: Decodable {}

  private func base64(_ text: String) -> String { Data(text.utf8).base64EncodedString() }

  private func ask<Answer: Decodable>(
    _ path: String, _ question: [String: Any]
  ) throws(LabError) -> Answer {
    // A dictionary of texts and numbers always has a JSON form.
    let body = (try? JSONSerialization.data(withJSONObject: question)) ?? Data()
    let answer = try client.post(path, body: Array(body), limitMs: HostClient.limitMs)
    guard answer.status == 200, let value = try? JSONDecoder().decode(Answer.self, from: Data(answer.body))
    else {
      throw .protocolBroken(
        "etcd at \(client.address.path) answered \(path) with \(answer.status) \(answer.text.prefix(200))")
    }
    return value
  }
}
