// Varnish: an edge location of the CDN. It keeps copies of what may be kept, and asks the load balancers for the rest.

import Contract
import Foundation
import Policies

struct Varnish: Engine {
  let host: Host
  let port: Int
  /// The load balancers.
  let origins: [(id: String, address: String, port: Int)]
  /// Who is believed when it says whom it asks for.
  let frontDoor: String
  /// The object store, with the bucket that has the static files.
  let store: (address: String, port: Int, bucket: String, authorization: String)
  /// By which names people may ask.
  let names: HostNames
  let shell: EngineShell

  var kind: EngineKind { .varnish }
  var package: String { "varnish" }
  var program: String? { Programs.find("varnishd") }

  var arguments: [String] {
    [
      "-F", "-j", "none", "-a", "\(host.address):\(port)", "-f", host.folder + "/edge.vcl",
      "-n", host.folder + "/varnish", "-s", "malloc,64m",
      // What says nothing of how long it may be kept is not kept, as at the CDN.
      "-p", "default_ttl=0", "-p", "vsl_space=8m", "-p", "thread_pools=1", "-p", "thread_pool_min=10", "-p",
      "thread_pool_max=500",
    ]
  }

  var startingConfiguration: String? { configuration }

  func prepare() throws(LabError) {
    try shell.makeFolder("varnish")
    // Not in the configuration: that is compiled into a file that all may read.
    try shell.write(store.authorization, to: Self.keyFile)
    try shell.write(configuration, to: "edge.vcl")
  }

  /// It answers, and has an origin to ask.
  func isReady() -> Bool {
    HostClient(address: host.address, port: port).status(HAProxy.health) == 200
  }

  /// Answered with 200 while it runs: it can tell what it has kept when there is no origin.
  static let health = "/edge-health"

  private static let orderMs = 5_000
  private static let compileMs = 20_000

  /// Forgets everything: a new version of the app is there.
  func purge() throws(LabError) { try order(["ban", "obj.status != 0"], limitMs: Self.orderMs) }

  /// Goes by the configuration as it is now, without a request noticing; what it keeps stays.
  func reload() throws(LabError) {
    try shell.write(configuration, to: "edge.vcl")
    let name = "edge_\(Clock.wallMs)"
    try order(["vcl.load", name, host.folder + "/edge.vcl"], limitMs: Self.compileMs)
    try order(["vcl.use", name], limitMs: Self.compileMs)
  }

  /// The way to it is the lab's alone: its key is in the folder of the host.
  private func order(_ words: [String], limitMs: Int) throws(LabError) {
    guard let program = Programs.find("varnishadm") else {
      throw .engineMissing(engine: name, package: package)
    }
    try shell.run(program, ["-n", host.folder + "/varnish"] + words, limitMs: limitMs)
  }

  /// A static file with a hash in its name is the object store's, and the app's while it is not there. What is stale is
  /// better than an error or no answer, unless the app says `must-revalidate`; what has failed without having changed anything is asked of another
  /// origin.
  var configuration: String {
    """
    vcl 4.1;
    import directors;
    import std;

    probe health { .url = "\(HAProxy.health)"; \(Self.rhythm) .initial = 1; }
    \(origins.map { backend($0) }.joined(separator: "\n"))
    backend object_store {
      .host = "\(store.address)"; .port = "\(store.port)";
      .connect_timeout = 500ms; .first_byte_timeout = 5s; .between_bytes_timeout = 5s;
    }

    sub vcl_init {
      new origins = directors.round_robin();
    \(origins.map { "  origins.add_backend(\(Self.symbol($0.id)));\n" }.joined())\
    }

    acl front_door { "\(frontDoor)"; }

    sub vcl_recv {
      if (client.ip !~ front_door) { set req.http.X-Forwarded-For = client.ip; }
      if (req.url == "\(Self.health)") { return (synth(200)); }
      if (req.http.Host && req.http.Host !~ "(?i)\(names.pattern)") {
        return (synth(421, "Not for this host"));
      }
      set req.backend_hint = origins.backend();
      // What is stale is served while a new one is fetched for a second, and for longer only when nobody has one.
      unset req.http.\(Self.again);
      if (req.restarts > 0) {
        set req.http.\(Self.again) = "1";
        set req.grace = \(Self.kept);
      } elsif (std.healthy(req.backend_hint)) {
        set req.grace = 1s;
      }
      if (req.url ~ "\(Self.hashed)") { unset req.http.Cookie; unset req.http.Authorization; }
    }

    sub vcl_backend_fetch {
      if (bereq.url ~ "^/\(store.bucket)/") {
        set bereq.url = regsub(bereq.url, "^/\(store.bucket)", "");
        set bereq.backend = origins.backend();
        unset bereq.http.Authorization;
      } elsif (bereq.retries == 0 && bereq.url ~ "\(Self.hashed)") {
        set bereq.url = "/\(store.bucket)" + bereq.url;
        set bereq.backend = object_store;
        set bereq.http.Authorization = std.fileread("\(host.folder)/\(Self.keyFile)");
      }\(otherOrigins)
    }

    sub vcl_backend_response {
      if (bereq.backend == object_store && beresp.status != 200) { return (retry); }
      if (beresp.status >= 500 && !bereq.uncacheable && !bereq.is_hitmiss) {
        if (bereq.is_bgfetch) { return (abandon); }
        return (error(beresp.status, "\(Self.refused)"));
      }
      if (beresp.http.Cache-Control !~ "(?i)(must|proxy)-revalidate") { set beresp.grace = \(Self.kept); }
    }

    sub vcl_backend_error {
      if (beresp.reason != "\(Self.refused)" && bereq.retries < 2 && !bereq.http.\(Self.again)
          && (bereq.method == "GET" || bereq.method == "HEAD")) {
        return (retry);
      }
      // For those who have waited for it, not for those who look again.
      set beresp.http.Vary = "\(Self.again)";
      set beresp.grace = 0s;
      set beresp.keep = 0s;
    }

    sub vcl_miss {
      // Nothing is stale: whatever the app says.
      if (req.restarts > 0) { return (pass); }
    }

    sub vcl_deliver {
      // Look again, also for what is stale; what is never kept has nothing.
      if (resp.status >= 500 && !obj.uncacheable && !req.is_hitmiss && req.restarts == 0) { return (restart); }
      if (resp.http.Vary == "\(Self.again)") { unset resp.http.Vary; }
      if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
    }

    """
  }

  /// It counts the good answers among the last few.
  private static var rhythm: String {
    let checks = HealthChecks.edge
    return ".interval = \(checks.intervalMs)ms; .timeout = \(checks.timeoutMs)ms; "
      + ".window = \(checks.failures + checks.successes - 1); .threshold = \(checks.successes);"
  }

  /// Who is asked again when an origin did not answer: the next one.
  private var otherOrigins: String {
    zip(origins, origins.dropFirst() + origins.prefix(1)).map { origin, next in
      """
       elsif (bereq.retries > 0 && bereq.backend == \(Self.symbol(origin.id))) {
              set bereq.backend = \(Self.symbol(next.id));
            }
      """
    }.joined()
  }

  /// For how long what is stale is kept.
  private static let kept = "10m"

  private static let keyFile = "store-key"

  /// The header of a request that looks again.
  private static let again = "X-Heights-Again"

  /// The reason of an error that an origin has answered.
  private static let refused = "Refused by the origin"

  /// As HeightsKit names assets.
  private static let hashed = "^/static/[^?]*[.][0-9a-f]{16}([.][a-z0-9]+)?$"

  private func backend(_ origin: (id: String, address: String, port: Int)) -> String {
    """
    backend \(Self.symbol(origin.id)) {
      .host = "\(origin.address)"; .port = "\(origin.port)"; .probe = health;
      .connect_timeout = 500ms; .first_byte_timeout = 60s; .between_bytes_timeout = 60s;
    }
    """
  }

  /// A name in its configuration language.
  private static func symbol(_ id: String) -> String { id.replacingOccurrences(of: "-", with: "_") }
}
