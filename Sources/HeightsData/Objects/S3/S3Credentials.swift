// Who a process is to AWS: by its environment, or by the role of its instance.

import Contract
import Foundation
import Synchronization

/// Credentials as AWS' own tools find them: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, else
/// those that the instance's metadata service gives to its role (IMDSv2), fetched anew before they end.
///
/// Source: docs.aws.amazon.com, EC2 user guide, "Retrieve security credentials from instance metadata".
final class S3Credentials: Sendable {
  private let fixed: AWSCredentials?
  private let service: String
  private let fetched = Mutex<RoleCredentials?>(nil)

  init(_ variables: [String: String]) {
    fixed = AWSCredentials(variables)
    service = RoleCredentials.service(variables)
  }

  /// - Throws: `S3Error.away` when there are none.
  func current(_ curl: CurlHandles) throws -> AWSCredentials {
    if let fixed { return fixed }
    if let known = fetched.withLock({ $0 }), !known.endsSoon {
      return known.credentials
    }
    let fresh = try fetch(curl)
    fetched.withLock { $0 = fresh }
    return fresh.credentials
  }

  private func fetch(_ curl: CurlHandles) throws -> RoleCredentials {
    let token = try ask(
      curl, "PUT", RoleCredentials.tokenPath, ["X-aws-ec2-metadata-token-ttl-seconds: 21600"])
    let header = ["X-aws-ec2-metadata-token: \(token)"]
    guard
      let role = try ask(curl, "GET", RoleCredentials.path, header).split(whereSeparator: \.isNewline).first
    else {
      throw S3Error.away("the instance has no role, and AWS_ACCESS_KEY_ID is not set")
    }
    let text = try ask(curl, "GET", RoleCredentials.path + role, header)
    guard let found = RoleCredentials(json: Array(text.utf8)) else {
      throw S3Error.away("the instance's metadata are not credentials")
    }
    return found
  }

  private func ask(_ curl: CurlHandles, _ method: String, _ path: String, _ headers: [String]) throws
    -> String
  {
    let answer = try curl.send(
      CurlRequest(method: method, url: service + path, headers: headers, timeoutMs: 2_000))
    guard answer.status == 200 else {
      throw S3Error.away("the instance's metadata answered HTTP \(answer.status) at \(path)")
    }
    return String(decoding: try answer.file.read(), as: UTF8.self)
  }
}
