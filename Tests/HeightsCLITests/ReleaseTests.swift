// Releases: on which machines they run.

import Testing

@testable import HeightsCLI

@Suite struct ReleaseTests {
  private static func facts(_ architecture: String, _ glibc: String) -> ReleaseFacts {
    ReleaseFacts(app: "summit", architecture: architecture, glibc: glibc, libraries: 3)
  }

  @Test(arguments: ["2.36", "2.9", "2.34", "2.2.5"]) func whatTheServersHaveIsEnough(glibc: String) {
    #expect(Self.facts("aarch64", glibc).reason == nil)
  }

  @Test(arguments: [
    ("x86_64", "2.34", "it was built for x86_64"), ("machine 243", "2.34", "it was built for machine 243"),
    ("aarch64", "2.37", "it needs glibc 2.37"), ("aarch64", "2.100", "it needs glibc 2.100"),
    ("aarch64", "3.0", "it needs glibc 3.0"),
  ]) func whatNoServerCouldStartIsToldWhy(architecture: String, glibc: String, reason: String) {
    #expect(Self.facts(architecture, glibc).reason?.hasPrefix(reason) == true)
  }

  @Test func aProgramTellsItsArchitectureAndAScriptHasNone() {
    func header(_ machine: UInt8) -> ELFHeader? {
      ELFHeader([0x7F, 0x45, 0x4C, 0x46] + [UInt8](repeating: 0, count: 14) + [machine, 0])
    }
    #expect(header(62)?.architecture == "x86_64")
    #expect(header(183)?.architecture == "aarch64")
    #expect(header(243)?.architecture == "machine 243")
    #expect(ELFHeader(Array("#!/bin/sh\nexec something\n".utf8)) == nil)
    #expect(ELFHeader([0x7F, 0x45, 0x4C, 0x46]) == nil)
  }
}
