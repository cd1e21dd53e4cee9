// Varnish: an edge location of the CDN. It keeps copies of what may be kept, and asks the load balancers for the rest.

import Foundation

struct Varnish: Engine {
  let host: Host
  let port: Int
  /// The load balancers.
  let origins: [(id: String, address: String, port: Int)]
  let shell: EngineShell

  var name: String { host.id + ".varnish" }
  var package: String { "varnish" }
  var program: String? { Programs.find("varnishd") }

  var arguments: [String] {
    [
      "-F", "-j", "none", "-a", "\(host.address):\(port)", "-T", "none", "-f", host.folder + "/edge.vcl",
      "-n", host.folder + "/varnish", "-s", "malloc,64m",
      "-p", "vsl_space=8m", "-p", "thread_pools=1", "-p", "thread_pool_min=10", "-p", "thread_pool_max=500",
    ]
  }

  func prepare() throws(LabError) {
    try shell.makeFolder("varnish")
    try shell.write(configuration, to: "edge.vcl")
  }

  /// It answers, and has an origin to ask.
  func isReady() -> Bool {
    HostClient(address: host.address, port: port).status(HAProxy.health) == 200
  }

  /// What is stale is better than nothing while no origin answers; what has failed without having changed anything is
  /// asked of another origin.
  var configuration: String {
    """
    vcl 4.1;
    import directors;

    probe health { .url = "\(HAProxy.health)"; .interval = 500ms; .timeout = 400ms; .window = 2; .threshold = 1; .initial = 1; }
    \(origins.map { backend($0) }.joined(separator: "\n"))

    sub vcl_init {
      new origins = directors.round_robin();
    \(origins.map { "  origins.add_backend(\(Self.symbol($0.id)));\n" }.joined())\
    }

    sub vcl_recv {
      set req.backend_hint = origins.backend();
      if (req.url ~ "^/assets/") { unset req.http.Cookie; }
    }

    sub vcl_backend_response {
      set beresp.grace = 10m;
      if (beresp.status >= 500 && bereq.is_bgfetch) { return (abandon); }
    }

    sub vcl_backend_error {
      if (bereq.retries < 2 && (bereq.method == "GET" || bereq.method == "HEAD")) { return (retry); }
    }

    sub vcl_deliver {
      if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; } else { set resp.http.X-Cache = "MISS"; }
    }

    """
  }

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
