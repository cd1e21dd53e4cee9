// What HAProxy counts of its servers.

import Policies

/// A line of its statistics: a server, or all of them.
struct HAProxyLine: Equatable {
  let server: String
  let isUp: Bool
  let underWay: Int
  /// Answers of any status, since HAProxy started.
  let answers: Int
  /// Those with a status of 500 or more.
  let errors: Int
  /// Of no status that is one: mostly who went away while they waited for a server. Among the answers.
  let abandoned: Int
  /// Refused connections, and answers that did not come or were none. (A request that was tried elsewhere afterwards is among them.)
  let unanswered: Int

  var total: Int { answers + unanswered }
  var failed: Int { errors + unanswered }

  /// What the line of all servers is called.
  static let backend = "BACKEND"

  /// - Parameters:
  ///   - name: of the process, for messages.
  ///   - folder: of its host, as the lab sees it.
  ///   - socket: where it answers.
  static func all(
    of name: String, in folder: String, socket: String = HAProxy.adminSocket
  ) throws(LabError) -> [HAProxyLine] {
    let text = try HAProxy.say("show stat servers 6 -1", to: name, in: folder, socket: socket)
    guard let lines = parse(text) else {
      throw .protocolBroken("the statistics of \(name)")
    }
    return lines
  }

  /// By the names of its columns (HAProxy's management guide, 9.1: CSV format); nil where one is missing.
  static func parse(_ text: String) -> [HAProxyLine]? {
    let lines = text.split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let heading = lines.first.map { $0.map { $0.replacing("# ", with: "") } } ?? []
    let places = Dictionary(zip(heading, heading.indices)) { first, _ in first }
    let answers = ["hrsp_1xx", "hrsp_2xx", "hrsp_3xx", "hrsp_4xx", "hrsp_5xx", "hrsp_other"]
    let unanswered = ["econ", "eresp"]
    let needed = ["svname", "status", "scur", "qcur"] + answers + unanswered
    if needed.contains(where: { places[$0] == nil }) { return nil }
    return lines.dropFirst().compactMap { fields in
      func text(_ name: String) -> String? { places[name].flatMap { $0 < fields.count ? fields[$0] : nil } }
      func sum(_ names: [String]) -> Int { names.reduce(0) { $0 + (text($1).flatMap { Int($0) } ?? 0) } }
      guard let server = text("svname"), let status = text("status") else { return nil }
      return HAProxyLine(
        server: server, isUp: status.hasPrefix("UP"), underWay: sum(["scur", "qcur"]),
        answers: sum(answers), errors: sum(["hrsp_5xx"]), abandoned: sum(["hrsp_other"]),
        unanswered: sum(unanswered))
    }
  }
}

extension AppFolder {
  /// What the balancers of a lab have counted since they started, by the server that they led requests to; without their own
  /// questions. One that can't be asked has counted nothing.
  public func answers(countedIn lab: LabSnapshot) -> [String: AnswerCounts] {
    let balancers = lab.processes.filter {
      $0.pid != nil && ($0.kind == .frontDoor || $0.kind == .engine(.haproxy))
    }
    return balancers.reduce(into: [:]) { counts, process in
      let lines = try? HAProxyLine.all(of: process.name, in: contents(of: process.host ?? process.name))
      for line in lines ?? [] where line.server != HAProxyLine.backend {
        counts[line.server, default: AnswerCounts()] =
          counts[line.server, default: AnswerCounts()]
          + AnswerCounts(total: Double(line.total), failed: Double(line.failed))
      }
    }
  }
}
