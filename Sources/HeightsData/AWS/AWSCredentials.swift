// By what AWS knows a process: keys of its own, or those of its instance's role.

import Contract
import Foundation

/// A key and its secret.
struct AWSCredentials: Equatable, Sendable {
  let id: String
  let secret: String
  /// Of credentials that end.
  var token: String?
}

extension AWSCredentials {
  /// Those of the environment, as AWS' own tools read them; nil when there are none.
  init?(_ variables: [String: String]) {
    guard let id = variables[.accessKeyID], let secret = variables[.secretAccessKey] else { return nil }
    self.init(id: id, secret: secret, token: variables["AWS_SESSION_TOKEN"])
  }
}

/// Credentials that the instance's metadata service gives to its role (IMDSv2), and that end.
///
/// Source: docs.aws.amazon.com, EC2 user guide, "Retrieve security credentials from instance metadata".
struct RoleCredentials: Sendable {
  /// A PUT there gives a token, by which the rest is asked for.
  static let tokenPath = "/latest/api/token"
  /// Has the role's name; with that behind it, its credentials.
  static let path = "/latest/meta-data/iam/security-credentials/"
  /// They are fetched anew so long before they end.
  private static let marginSeconds = 300.0

  private struct Document: Decodable {
    let id: String
    let secret: String
    let token: String
    let expiration: String

    enum CodingKeys: String, CodingKey {
      case id = "AccessKeyId"
      case secret = "SecretAccessKey"
      case token = "Token"
      case expiration = "Expiration"
    }
  }

  let credentials: AWSCredentials
  private let until: Date

  /// - Parameter json: what the service answers; nil when that is none.
  init?(json: [UInt8]) {
    guard let document = try? JSON.decode(Document.self, from: json),
      let until = ISO8601DateFormatter().date(from: document.expiration)
    else { return nil }
    self.until = until
    credentials = AWSCredentials(id: document.id, secret: document.secret, token: document.token)
  }

  /// Whether it is time to fetch others.
  var endsSoon: Bool { until.timeIntervalSinceNow <= Self.marginSeconds }

  /// Where the service is.
  static func service(_ variables: [String: String]) -> String {
    variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254"
  }
}
