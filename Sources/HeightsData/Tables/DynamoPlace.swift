// Where a table is, and by what its server knows the process.

import Contract
import Foundation

/// A table as the environment names it.
package struct DynamoPlace: Sendable {
  let table: String
  /// Its server's name, or address.
  package let host: String
  let port: Int?
  /// Whether it is asked within TLS.
  package let isEncrypted: Bool
  let region: String
  let variables: [String: String]

  /// - Parameter variables: `HEIGHTS_SESSIONS_TABLE`, `AWS_REGION`, `AWS_ENDPOINT_URL_DYNAMODB`, and the usual ones of
  ///   credentials; without these they are those of the instance's role.
  /// - Returns: nil when no table is named.
  /// - Throws: `EnvironmentError`.
  package init?(_ variables: [String: String]) throws {
    guard let table = variables[.sessionsTable] else { return nil }
    guard let region = variables[.region] ?? variables["AWS_DEFAULT_REGION"] else {
      throw EnvironmentError(description: "AWS_REGION is not set, and HEIGHTS_SESSIONS_TABLE is '\(table)'")
    }
    let isName = { (text: String) in
      text.utf8.allSatisfy {
        (45...46).contains($0) || $0 == 95 || (48...57).contains($0) || (65...90).contains($0)
          || (97...122).contains($0)
      }
    }
    guard (3...255).contains(table.utf8.count), isName(table), isName(region) else {
      throw EnvironmentError(
        description: "HEIGHTS_SESSIONS_TABLE is '\(table)', AWS_REGION '\(region)': expected names of AWS, "
          + "a table's of 3 to 255 letters, digits and ._-")
    }
    let endpoint =
      variables[.sessionsEndpoint] ?? variables["AWS_ENDPOINT_URL"]
      ?? "https://dynamodb.\(region).amazonaws.com"
    let url = URLComponents(string: endpoint)
    guard let url, ["http", "https"].contains(url.scheme), let host = url.host, !host.isEmpty,
      ["", "/"].contains(url.path),
      url.query == nil, url.user == nil, (1...65_535).contains(url.port ?? 443)
    else {
      throw EnvironmentError(
        description: "AWS_ENDPOINT_URL_DYNAMODB is '\(endpoint)': expected https://HOST or http://HOST:PORT")
    }
    (self.table, self.region, self.variables) = (table, region, variables)
    (self.host, port, isEncrypted) = (host, url.port, url.scheme == "https")
  }
}
