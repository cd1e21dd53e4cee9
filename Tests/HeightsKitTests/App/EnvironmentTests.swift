// A process says which variable it can't use, and never starts with half of its settings.

import HeightsKit
import Testing

@Suite struct EnvironmentTests {
  @Test func withoutVariablesThereAreDefaults() throws {
    let environment = try Environment([:])
    #expect(environment.host == .loopback)
    #expect(environment.port == 8080)
    #expect(environment.stage == 2)
    #expect(environment.dataDirectory == "data")
    #expect(environment.filesDirectory == "data/objects")
    #expect(environment.loops >= 1)
    #expect(environment.diskQuotaBytes == nil)
    #expect(environment.publicURL == "http://127.0.0.1:8080")
    #expect(!environment.usesTLS)
    #expect(environment.opensFrontDoor)
    #expect(environment.logsRequests)
  }

  @Test func variablesAreTakenOver() throws {
    let environment = try Environment([
      "HOST": "0.0.0.0", "PORT": "0", "HEIGHTS_STAGE": "7", "HEIGHTS_DATA_DIR": "/d", "HEIGHTS_LOOPS": "3",
      "HEIGHTS_CACHE_BYTES": "0",
      "HEIGHTS_FILES_DIR": "/f", "HEIGHTS_DISK_QUOTA_BYTES": "5", "HEIGHTS_PUBLIC_URL": "https://a",
      "HEIGHTS_FRONT_DOOR": "closed",
      "HEIGHTS_LOG_REQUESTS": "off", "OTHER": "x",
    ])
    #expect(environment.host.description == "0.0.0.0")
    #expect(environment.port == 0)
    #expect(environment.stage == 7)
    #expect(environment.filesDirectory == "/f")
    #expect(environment.loops == 3)
    #expect(environment.cacheBytes == 0)
    #expect(environment.diskQuotaBytes == 5)
    #expect(environment.usesTLS)
    #expect(!environment.opensFrontDoor)
    #expect(!environment.logsRequests)
    #expect(environment.variables["OTHER"] == "x")
  }

  @Test(arguments: [
    ("PORT", "65536", "PORT is '65536': expected a whole number from 0 to 65535"),
    ("PORT", "http", "PORT is 'http': expected a whole number from 0 to 65535"),
    ("HOST", "localhost", "HOST is 'localhost': expected an IPv4 address such as 127.0.0.1"),
    ("HOST", "127.0.0.1.", "HOST is '127.0.0.1.': expected an IPv4 address such as 127.0.0.1"),
    ("HEIGHTS_STAGE", "8", "HEIGHTS_STAGE is '8': expected a whole number from 1 to 7"),
    ("HEIGHTS_STAGE", "", "HEIGHTS_STAGE is '': expected a whole number from 1 to 7"),
    ("HEIGHTS_LOOPS", "0", "HEIGHTS_LOOPS is '0': expected a whole number from 1 to 256"),
    ("HEIGHTS_COMMIT_GROUP", "-1", "HEIGHTS_COMMIT_GROUP is '-1': expected a whole number from 1 to 10000"),
    (
      "HEIGHTS_CACHE_BYTES", "1e9",
      "HEIGHTS_CACHE_BYTES is '1e9': expected a whole number from 0 to 1099511627776"
    ),
  ])
  func aVariableThatCannotBeUsedIsNamed(name: String, value: String, message: String) {
    let error = #expect(throws: EnvironmentError.self) { try Environment([name: value]) }
    #expect(error?.description == message)
  }
}
