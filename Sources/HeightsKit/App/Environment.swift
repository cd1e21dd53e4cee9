// What a process is told by its environment: the same names in the lab and on AWS.

import Contract
import Foundation
import Glibc

/// The settings of a process.
public struct Environment: Sendable {
  /// All variables, as they are.
  public let variables: [String: String]
  /// `HOST`: the address to listen on when no sockets are handed over; 127.0.0.1 unless told.
  public let host: IPv4Address
  /// `PORT`: where to listen when no sockets are handed over.
  public let port: UInt16
  /// `HEIGHTS_TRUSTED_PROXIES`: the networks of the proxies that stand before the process, such as `10.20.0.0/16`; none
  /// unless told.
  public let proxies: TrustedProxies
  /// `HEIGHTS_STAGE`: 1 to 7.
  public let stage: Int
  /// `HEIGHTS_DATA_DIR`: the folder of everything that is stored.
  public let dataDirectory: String
  /// `HEIGHTS_FILES_DIR`: the folder of objects, which several processes may share; one in the data folder unless told.
  public let filesDirectory: String
  /// `DATABASE_URL`: the PostgreSQL server that has the app's databases, each under its own name; nil for SQLite files
  /// in the data folder. May hold a password.
  public let databaseURL: String?
  /// `DATABASE_READ_URL`: followers of that server, whose addresses alone are taken.
  public let databaseReadURL: String?
  /// `HEIGHTS_PLACEMENT`: the file that says where everything is; nil for a process of its own. It need not be there yet.
  public let placementPath: String?
  /// `HEIGHTS_LOOPS`: event loops.
  public let loops: Int
  /// `HEIGHTS_CACHE_BYTES`: room for the in-process cache; 0 turns it off.
  public let cacheBytes: Int
  /// `HEIGHTS_DISK_QUOTA_BYTES`: room for the data folder; nil for as much as the disk has.
  public let diskQuotaBytes: Int?
  /// `HEIGHTS_COMMIT_GROUP`: how many writes share a commit at most; 1 gives each its own.
  public let commitGroup: Int
  /// `HEIGHTS_PUBLIC_URL`: the address that people use. With `https:` cookies are sent over TLS only.
  public let publicURL: String
  /// `HEIGHTS_HOST_NAMES`: by which names it may be asked for, besides addresses and localhost; nil for any.
  let hostNames: HostNames?
  /// `HEIGHTS_FRONT_DOOR` is not `closed`: whether to accept from the public at once.
  public let opensFrontDoor: Bool
  /// `HEIGHTS_LOG_REQUESTS` is not `off`.
  public let logsRequests: Bool

  /// `HEIGHTS_SERVICE`: which of the app's services the process is; nil for all of them.
  public let service: String?
  /// `HEIGHTS_CALLS` is `checked`: calls within the process go through JSON as well, for tests.
  let checksCalls: Bool

  /// Where traces go; nil for nowhere.
  let traces: TraceSettings?

  /// Whether people come by HTTPS: cookies are then marked `Secure`.
  public var usesTLS: Bool { publicURL.hasPrefix("https:") }

  /// - Throws: `EnvironmentError` that names the variable, what it holds and what was expected.
  public init(_ variables: [String: String]) throws {
    func number(_ name: AppVariable, _ range: ClosedRange<Int>, default standard: Int) throws -> Int {
      guard let text = variables[name] else { return standard }
      guard let value = Int(text), range.contains(value) else {
        throw EnvironmentError(
          description:
            "\(name.rawValue) is '\(text)': expected a whole number from \(range.lowerBound) to \(range.upperBound)"
        )
      }
      return value
    }
    self.variables = variables
    guard let host = IPv4Address(variables[.host] ?? "127.0.0.1") else {
      throw EnvironmentError(
        description: "HOST is '\(variables[.host] ?? "")': expected an IPv4 address such as 127.0.0.1")
    }
    self.host = host
    port = UInt16(try number(.port, 0...65_535, default: 8080))
    guard let proxies = variables[.trustedProxies].map(TrustedProxies.init) ?? TrustedProxies.none
    else {
      throw EnvironmentError(
        description: "HEIGHTS_TRUSTED_PROXIES is '\(variables[.trustedProxies] ?? "")': "
          + "expected IPv4 networks with commas between them, such as 10.20.0.0/16")
    }
    self.proxies = proxies
    stage = try number(.stage, 1...7, default: 2)
    dataDirectory = variables[.dataDirectory] ?? "data"
    filesDirectory = variables[.filesDirectory] ?? dataDirectory + "/objects"
    placementPath = variables[.placement]
    func databaseURL(_ name: AppVariable) throws -> String? {
      guard let url = variables[name] else { return nil }
      if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") { return url }
      // Not shown: it may hold a password.
      throw EnvironmentError(
        description: "\(name.rawValue) is not understood: expected postgresql://USER@HOST:PORT/")
    }
    self.databaseURL = try databaseURL(.databaseURL)
    databaseReadURL = try databaseURL(.databaseReadURL)
    loops = try number(.loops, 1...256, default: max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1))
    cacheBytes = try number(.cacheBytes, 0...(1 << 40), default: 32 << 20)
    let quota = try number(.diskQuotaBytes, 0...Int.max, default: 0)
    diskQuotaBytes = quota == 0 ? nil : quota
    commitGroup = try number(.commitGroup, 1...10_000, default: DatabaseLimits().batchTransactions)
    publicURL = variables[.publicURL] ?? "http://127.0.0.1:\(port)"
    hostNames = try variables[.hostNames].map { text in
      guard let names = HostNames(text: text) else {
        throw EnvironmentError(
          description:
            "HEIGHTS_HOST_NAMES is '\(text)': expected names with commas between them, such as example.test"
        )
      }
      return names
    }
    opensFrontDoor = variables[.frontDoor] != "closed"
    logsRequests = variables[.logRequests] != "off"
    service = variables[.service]
    checksCalls = variables[.calls] == "checked"
    traces = try TraceSettings(variables)
  }

  /// `AWS_CA_BUNDLE`, as AWS' own tools have it: a file of certificates that vouch for the services and tables that are asked within TLS;
  /// nil for the system's.
  var authorities: String? { variables["AWS_CA_BUNDLE"] }

  /// By what services know the process when it calls them: a name and a key, in the file that `HEIGHTS_SERVICE_KEY_FILE` names;
  /// nil where there is none.
  var callSigner: CallSigner? {
    get throws {
      guard let path = variables[.serviceKeyFile] else { return nil }
      let text = FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
      let parts = text.trimmingCharacters(in: .newlines).split(separator: " ")
      guard parts.count == 2, let secret = Base64URL.bytes(parts[1]).flatMap(CallerSecret.init(seed:)) else {
        // What is in it is not shown.
        throw EnvironmentError(
          description:
            "HEIGHTS_SERVICE_KEY_FILE is '\(path)': expected a file with the name of a service, a blank, and "
            + "32 bytes in base 64 for URLs")
      }
      return CallSigner(service: String(parts[0]), secret: secret)
    }
  }

  /// By what name and password the cache knows the process: those of `REDIS_URL`, or the password in the file that
  /// `HEIGHTS_REDIS_PASSWORD_FILE` names.
  var redisCredentials: RedisCredentials {
    RedisCredentials(url: variables[.redisURL], file: variables[.redisPasswordFile])
  }

  /// By what the sentinels know the process: the user `app`, who may ask who leads and nothing else, and the password in the
  /// file that `HEIGHTS_SENTINEL_PASSWORD_FILE` names. Without that they are asked without a password.
  var sentinelCredentials: RedisCredentials {
    RedisCredentials(user: "app", file: variables[.sentinelPasswordFile])
  }

  /// What the variables say of the whereabouts while there is no placement: `REDIS_URL` names a cache, and
  /// `HEIGHTS_OBJECTS_BUCKET` where objects are; those of a folder that servers share are read from there as well.
  ///
  /// `DATABASE_URL` names a cluster for all databases, whatever they are called, so it is none of a placement.
  var impliedPlacement: Placement {
    get throws {
      let hasFolder = variables[.objectsBucket] == nil || variables[.filesDirectory] != nil
      let objects: [Placement.ObjectStoreName] =
        (variables[.objectsBucket] == nil ? [] : [.s3]) + (hasFolder ? [.folder] : [])
      return Placement(epoch: 0, cache: try impliedCache, objects: objects)
    }
  }

  private var impliedCache: Placement.SharedCache? {
    get throws {
      guard let text = variables[.redisURL] else { return nil }
      let parts = URLComponents(string: text)
      guard let parts, let scheme = parts.scheme, ["redis", "rediss"].contains(scheme), let host = parts.host,
        let address = ServerAddress("\(host):\(parts.port ?? 6379)")
      else {
        // Not shown: it may hold a password.
        throw EnvironmentError(
          description:
            "REDIS_URL is not understood: expected redis://:PASSWORD@HOST:PORT/0, or rediss:// for TLS")
      }
      return .servers([address], tls: scheme == "rediss")
    }
  }

  /// The environment of this process.
  public static func current() throws -> Environment {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return try Environment(variables)
  }
}
