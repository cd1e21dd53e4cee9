// The names by which an app's processes are told where they are: the same in the lab and on AWS.

/// A variable in the environment of an app's process. The lab and the templates set them, HeightsKit reads them; what
/// each one means in detail stands where it is read (`HeightsKit.Environment`).
public enum AppVariable: String, CaseIterable, Sendable {
  // Where to listen.
  case host = "HOST"
  case port = "PORT"
  /// `closed`: nothing is accepted from the public before the supervisor says so.
  case frontDoor = "HEIGHTS_FRONT_DOOR"
  /// Networks, with commas between them.
  case trustedProxies = "HEIGHTS_TRUSTED_PROXIES"
  case publicURL = "HEIGHTS_PUBLIC_URL"
  /// `HostNames`, with commas between them; any name will do unless told.
  case hostNames = "HEIGHTS_HOST_NAMES"

  // What there is.
  /// 1 to 7.
  case stage = "HEIGHTS_STAGE"
  case loops = "HEIGHTS_LOOPS"
  case cacheBytes = "HEIGHTS_CACHE_BYTES"
  case diskQuotaBytes = "HEIGHTS_DISK_QUOTA_BYTES"
  /// The most writes that share a commit.
  case commitGroup = "HEIGHTS_COMMIT_GROUP"
  /// `off`: no line for each request.
  case logRequests = "HEIGHTS_LOG_REQUESTS"

  // Traces: nothing is traced where none of the first three is set.
  /// A file that they are written to, as lines of OTLP/JSON.
  case tracesFile = "HEIGHTS_TRACES_FILE"
  /// A collector that takes traces by HTTP, path and all.
  case tracesEndpoint = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
  /// A collector that takes them below `/v1/traces`.
  case telemetryEndpoint = "OTEL_EXPORTER_OTLP_ENDPOINT"
  /// What a collector is asked with besides, for traces: NAME=VALUE with commas between them.
  case tracesHeaders = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
  /// The same for all kinds.
  case telemetryHeaders = "OTEL_EXPORTER_OTLP_HEADERS"
  /// A file of certificates that vouch for a collector of traces.
  case tracesCertificate = "OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE"
  /// The same for all kinds.
  case telemetryCertificate = "OTEL_EXPORTER_OTLP_CERTIFICATE"
  /// Which share of all is kept, 0 to 1; what failed or was slow is kept anyway.
  case tracesShare = "HEIGHTS_TRACES_SHARE"
  /// From how many milliseconds on a request is slow.
  case tracesSlowMs = "HEIGHTS_TRACES_SLOW_MS"
  /// What traces call the process: `service.name`.
  case telemetryName = "OTEL_SERVICE_NAME"
  /// What they say of it besides: NAME=VALUE with commas between them.
  case telemetryResource = "OTEL_RESOURCE_ATTRIBUTES"

  // Where the data are.
  case dataDirectory = "HEIGHTS_DATA_DIR"
  case filesDirectory = "HEIGHTS_FILES_DIR"
  case placement = "HEIGHTS_PLACEMENT"
  case databaseURL = "DATABASE_URL"
  case databaseReadURL = "DATABASE_READ_URL"
  /// Read by libpq itself.
  case databasePasswordFile = "PGPASSFILE"
  case redisURL = "REDIS_URL"
  case redisPasswordFile = "HEIGHTS_REDIS_PASSWORD_FILE"
  case sentinelPasswordFile = "HEIGHTS_SENTINEL_PASSWORD_FILE"
  case objectsBucket = "HEIGHTS_OBJECTS_BUCKET"
  case objectsEndpoint = "AWS_ENDPOINT_URL_S3"
  case region = "AWS_REGION"
  case accessKeyID = "AWS_ACCESS_KEY_ID"
  case secretAccessKey = "AWS_SECRET_ACCESS_KEY"
  /// Where static files are found, when not with the app.
  case assetsURL = "ASSETS_URL"
  /// A file with the app's own secret.
  case secretFile = "HEIGHTS_SECRET_FILE"

  // Of stages 6 and 7.
  /// The table that has the sessions.
  case sessionsTable = "HEIGHTS_SESSIONS_TABLE"
  /// Of a DynamoDB that isn't AWS'.
  case sessionsEndpoint = "AWS_ENDPOINT_URL_DYNAMODB"
  /// The service that the process runs; all of them unless told.
  case service = "HEIGHTS_SERVICE"
  /// A file with the name of the service that calls others, a blank, and its key: 32 bytes in base 64 for URLs.
  case serviceKeyFile = "HEIGHTS_SERVICE_KEY_FILE"
  /// `checked`: what services are asked in the same process passes through what carries calls over the network.
  case calls = "HEIGHTS_CALLS"
}

extension [String: String] {
  /// The value of a variable of the contract; nil when it is not set.
  public subscript(variable: AppVariable) -> String? {
    get { self[variable.rawValue] }
    set { self[variable.rawValue] = newValue }
  }
}

extension [AppVariable: String] {
  /// As an environment has them.
  public var byName: [String: String] {
    reduce(into: [:]) { $0[$1.key.rawValue] = $1.value }
  }
}
