// The object store.

import Foundation

/// Keeps its objects as files.
struct MiniStackObjects: Engine {
  let ministack: MiniStack
  let bucket: String
  let secrets: Secrets

  private static let gate = "objects.py"

  var kind: EngineKind { .ministack }
  var host: Host { ministack.host }
  var package: String { MiniStack.package }
  var program: String? { ministack.program }
  var arguments: [String] { ministack.arguments(Self.gate) }

  var environment: [String: String] {
    ministack.environment("s3").merging(["S3_PERSIST": "1", "S3_DATA_DIR": host.folder + "/s3"]) { $1 }
  }

  func prepare() throws(LabError) {
    try ministack.shell.makeFolder("s3")
    try ministack.prepare(
      (Self.gate, PackageResources.objects_py),
      [("id", secrets.objectsKeyID), ("secret", secrets.objectsKey), ("reader", secrets.objectsReader)])
  }

  /// By which it lets somebody read.
  static func authorization(_ secrets: Secrets) -> String { "Bearer \(secrets.objectsReader)" }

  /// It has the app's bucket; makes it, as the template of AWS does there.
  func isReady() -> Bool {
    let client = HostClient(
      address: host.address, port: ministack.port, authorization: Self.authorization(secrets))
    if client.status("/\(bucket)?location") == 200 { return true }
    return (try? client.put("/\(bucket)"))?.status == 200
  }
}
