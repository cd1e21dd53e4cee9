// JSON hello through an async handler: the server's side of the first benchmark.

import HeightsKit

@main
struct Hello {
  /// Serves `/hello` on PORT with HEIGHTS_LOOPS loops until it is ended.
  static func main() async throws {
    let environment = try Environment.current()
    let loops = try EventLoopGroup(count: environment.loops)
    var router = Router()
    router.get("/hello") { _ in .json(Greeting(message: "Hello, heights!")) }
    let server = try await HTTPServer(
      loops: loops.loops, router: router, logRequests: environment.logsRequests)
    try await server.listen(on: ListeningSockets.open(port: environment.port, count: environment.loops).http)
    try await Task.sleep(for: .seconds(86_400))
  }
}

private struct Greeting: JSONWritable {
  let message: String

  func write(to json: inout JSONWriter) {
    json.object { $0.member("message", message) }
  }
}
