// HAProxy: leads requests to servers that are healthy. It is the front door from stage 4 on, and each load balancer from stage 5 on.

import Contract
import Foundation
import Policies

struct HAProxy: Balancer {
  /// What requests come in by.
  enum Entrance: Equatable, Sendable {
    /// Sockets that it is handed: descriptors 3, 4 and so on.
    case inherited(count: Int)
    /// Its own address.
    case port(Int)
  }

  enum Choice: Equatable, Sendable {
    /// The same server for the same session, as long as it is healthy: a browser that stays at one address.
    case session
    case fewestRequests
    case inTurn
  }

  struct Server: Equatable, Sendable {
    let id: String
    let address: String
    let port: Int
  }

  /// The front door is called so alone.
  let name: String
  let host: Host
  let entrance: Entrance
  let choice: Choice
  let servers: [Server]
  /// What a healthy server answers: `/readyz` of an app, `/edge-health` of an edge.
  let check: String
  /// By which names people may ask.
  let names: HostNames
  /// Whether services ask, and not people.
  var leadsCalls = false
  let shell: EngineShell

  /// Answered with 200 while some server is healthy.
  static let health = "/lb-health"

  var kind: EngineKind { .haproxy }
  var package: String { "haproxy" }
  var program: String? { Programs.find("haproxy") }
  var arguments: [String] { ["-db", "-f", host.folder + "/haproxy.cfg"] }
  /// It takes nothing new, and answers what it has.
  var stopSignal: Int32 { SIGUSR1 }

  var startingConfiguration: String? { configuration }

  func prepare() throws(LabError) {
    try shell.write(configuration, to: "haproxy.cfg")
    try giveUpSocket()
    var healthy = healthyServers(limitMs: Self.firstCheckMs)
    // Who starts beside the one that it replaces has people at once, and on a busy machine an answer takes a while. (Who does not run
    // refuses without delay.)
    if healthy.isEmpty { healthy = healthyServers(limitMs: Self.secondCheckMs) }
    try shell.write(states(healthy: Set(healthy.map(\.id))), to: Self.statesFile)
  }

  /// One that it replaces still answers there, and would be taken for this one; what it counts is read at another place.
  private func giveUpSocket() throws(LabError) {
    guard shell.has(Self.adminSocket) else { return }
    let isTaken = (try? UnixAddress(folder: host.outerFolder, name: Self.formerSocket).connect()) != nil
    if isTaken { return try shell.remove(Self.adminSocket) }
    try shell.rename(Self.adminSocket, to: Self.formerSocket)
  }

  private func healthyServers(limitMs: Int) -> [Server] {
    servers.filter { server in
      HostClient(address: server.address, port: server.port).status(check, limitMs: limitMs)
        .map(expected.contains) ?? false
    }
  }

  func isReady() -> Bool { (try? statistics())?.first { $0.server == HAProxyLine.backend }?.isUp ?? false }
}

// Its configuration.
extension HAProxy {
  /// A server that is down is noticed by the next request that fails or by two checks, one that is back by one check. A
  /// request that no server has seen is tried elsewhere; one that may have been carried out only if it changes nothing.
  /// One that steps aside takes one more request from a connection that is kept open, and says that it closes, for five
  /// seconds: closed at once, it would fail whoever is just sending.
  var configuration: String {
    """
    global
      fd-hard-limit 16384
      nbthread 1
      stats socket \(host.folder)/\(Self.adminSocket) mode 600 level admin
      hard-stop-after 5s
      server-state-file \(host.folder)/\(Self.statesFile)

    defaults
      load-server-state-from-file global
      mode http
      timeout connect 500ms
      timeout client 75s
      timeout server 75s
      timeout http-request 10s
      timeout http-keep-alive 30s
      timeout queue 5s
      timeout check \(Self.checks.timeoutMs)ms
      option idle-close-on-response
      option redispatch 1
      retries 3
      retry-on conn-failure empty-response response-timeout

    frontend public
    \(entrances.map { "  bind \($0)\n" }.joined())\
      \(forwarding)
      http-request return status 200 content-type text/plain string "ok" if { path \(Self.health) } { nbsrv(servers) gt 0 }
      http-request return status 503 content-type text/plain string "no server" if { path \(Self.health) }
      http-request return status 421 content-type text/plain string "not for this host: to ask for it by another name, put that into hosts in heights.json, then start the lab anew" if { req.fhdr(host) -m found } !{ req.fhdr(host) -m reg -i '\(names.pattern)' }
      default_backend servers

    backend servers
      source \(host.address)
    \(refusal)\
      balance \(balance)
      http-request disable-l7-retry unless { method GET HEAD }
      option httpchk
      http-check send meth GET uri \(check) hdr Host localhost
      http-check expect rstatus ^(\(expected.map(String.init).joined(separator: "|")))$
      default-server \(Self.rhythm) observe layer4 error-limit 3 on-error mark-down on-marked-down shutdown-sessions
    \(servers.map { "  server \($0.id) \($0.address):\($0.port) check\n" }.joined())
    """
  }

  private var entrances: [String] {
    switch entrance {
    case .inherited(let count): (0..<count).map { "fd@\(3 + $0)" }
    case .port(let port): ["\(host.address):\(port)"]
    }
  }

  /// At the door nobody is believed who asks for another; further in, who asks is added to those whom he asks for. An edge
  /// has done so already: it has no address of its own to ask from.
  private var forwarding: String {
    switch entrance {
    case .inherited: "http-request set-header X-Forwarded-For %[src]"
    case .port: "option forwardfor except 127.0.0.1"
    }
  }

  /// Where no server could be reached none has begun, which a caller may be told: it asks once more then, whatever the call is.
  private var refusal: String {
    leadsCalls
      ? "  http-error status 503 content-type text/plain string \"no server\" hdr Heights-Not-Begun 1\n" : ""
  }

  private var balance: String {
    switch choice {
    // One without a session gets any.
    case .session: "hash req.cook(session)\n  hash-type consistent"
    case .fewestRequests: "leastconn"
    case .inTurn: "roundrobin"
    }
  }

  /// An app that does not know `/readyz` is healthy since it answers.
  private var expected: [Int] { check == Varnish.health ? [200] : [200, 404] }

  private static let checks = HealthChecks.proxy
  private static var rhythm: String {
    "inter \(checks.intervalMs)ms fastinter \(checks.doubtIntervalMs)ms downinter \(checks.awayIntervalMs)ms "
      + "fall \(checks.failures) rise \(checks.successes)"
  }

  /// Of the first check of each: one that hangs must not keep the balancer from starting.
  private static let firstCheckMs = 300
  static let adminSocket = "admin.sock"
  /// Of one that was set aside.
  static let formerSocket = "aside.sock"
  private static let secondCheckMs = 1_500
  private static let statesFile = "servers.state"

  /// What it knows when it starts. Without this it would believe in every server until it has checked it, and most of
  /// those that there can be do not run. (In the form of its `show servers state`: 2 runs, 0 does not.)
  func states(healthy: Set<String>) -> String {
    let lines = servers.enumerated().map { index, server in
      let state = healthy.contains(server.id) ? 2 : 0
      return "3 servers \(index + 1) \(server.id) \(server.address) \(state) 0 1 1 0 1 0 \(state) 6 0 0 0 - "
        + "\(server.port) - 0 0 - - 0"
    }
    return (["1", Self.stateFields] + lines).joined(separator: "\n") + "\n"
  }

  private static let stateFields = """
    # be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
    srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
    bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr \
    srv_agent_port
    """
}

// What is asked of it while it runs.
extension HAProxy {
  func setDraining(_ isDraining: Bool, of server: String) throws(LabError) {
    let answer = try say("set server servers/\(server) state \(isDraining ? "drain" : "ready")")
    let problem = answer.filter { !$0.isWhitespace }
    if !problem.isEmpty { throw .adminFailed(process: name, request: "drain \(server)", outcome: answer) }
  }

  func isUsing(_ server: String) -> Bool? { (try? statistics())?.first { $0.server == server }?.isUp }

  func requestsUnderWay(at server: String?) -> Int? {
    (try? statistics())?.first { $0.server == server ?? HAProxyLine.backend }?.underWay
  }

  private func statistics() throws(LabError) -> [HAProxyLine] {
    try HAProxyLine.all(of: name, in: host.outerFolder)
  }

  private func say(_ command: String) throws(LabError) -> String {
    try Self.say(command, to: name, in: host.outerFolder)
  }

  /// - Parameters:
  ///   - name: of the process, for messages.
  ///   - folder: of its host, as the lab sees it.
  static func say(
    _ command: String, to name: String, in folder: String, socket: String = adminSocket
  ) throws(LabError) -> String {
    let socket = try UnixAddress(folder: folder, name: socket).connect()
    let exchange = Exchange(socket, limitMs: HostClient.limitMs, what: "asking \(name)")
    try exchange.write(Array((command + "\n").utf8))
    var answer: [UInt8] = []
    while case let bytes = try exchange.readSome(upTo: 16 << 10), !bytes.isEmpty { answer += bytes }
    return String(decoding: answer, as: UTF8.self)
  }
}
