// What a server does at its start, as far as it can be told without one.

import Foundation
import TestSupport
import Testing
import Topology

@testable import CloudFormation

@Suite struct BootstrapTests {
  /// A server's user data, as the template's own texts make it.
  private var script: String {
    let data = Bootstrap.userData(Bootstrap.Settings(), .text(Bootstrap.rest))
    guard case .joined(let list, _) = data, case .list(let parts) = list else { return "" }
    return parts.map { if case .text(let text) = $0 { text } else { "" } }.joined()
  }

  /// systemd looks for both before the first command of a unit; a unit that makes them itself never starts.
  @Test func theUnitsUserAndFoldersAreMadeBeforeItIsStarted() throws {
    let lines = script.split(separator: "\n")
    let start = try #require(lines.firstIndex(of: "systemctl start --no-block heights.service"))
    let firstFile = try #require(lines.firstIndex { $0.hasPrefix("cat > ") })
    for made in ["useradd --system heights", "/opt/heights", "/var/log/heights", "/run/heights"] {
      let line = try #require(lines.firstIndex { $0.contains(made) })
      #expect(line < firstFile && firstFile < start, "\(made)")
    }
  }

  @Test func everyScriptIsOneThatBashReads() throws {
    let bash = Process()
    bash.executableURL = URL(fileURLWithPath: "/bin/bash")
    var scripts = [script]
    // Those that it writes, each from its `cat` to its END.
    for part in script.components(separatedBy: "<<'END'\n").dropFirst() where part.hasPrefix("#!/bin/bash") {
      scripts.append(String(part.components(separatedBy: "\nEND\n")[0]))
    }
    #expect(scripts.count == 6)
    bash.arguments = ["-c", "for script; do bash -n <<< \"$script\" || exit 1; done", "bash"] + scripts
    let told = try bash.outputInTime()
    #expect(bash.terminationStatus == 0, "\(told)")
  }

  /// AWS takes 16 KiB of user data, and each server's own settings come before what all have.
  @Test func thereIsRoomForTheSettings() {
    #expect(script.utf8.count < 12 << 10)
  }

  @Test func nothingOfAnotherSystemIsCalled() {
    for word in ["rpm ", "dnf ", "yum ", "/opt/aws/bin"] { #expect(!script.contains(word), "\(word)") }
    #expect(ServerImage.parameter.contains("/debian/release/12/"))
  }
}
