// heights template: what it writes, and what it says to what can't be.

import CloudFormation
import Foundation
import Testing

@testable import HeightsCLI

@Suite struct TemplateTests {
  private let app = Installation.exampleApp ?? ""

  private func run(_ words: String...) async -> Run {
    await Run(["template", "--app", app] + words)
  }

  @Test(arguments: [
    ([], "'template' needs --stage; `heights template --help` shows an example"),
    (["--stage", "8"], "--stage is '8': expected a whole number from 1 to 7"),
    (["--stage", "3", "--users", "0"], "--users is '0': expected a whole number from 1 to 100000000"),
    (["--stage", "3", "--users", "many"], "--users is 'many': expected a whole number from 1 to 100000000"),
    (["--stage", "3", "--format", "xml"], "--format is 'xml': expected yaml or json"),
    (
      ["--stage", "3", "--regions", "eu-central-9"],
      "--regions: 'eu-central-9' is no commercial region of AWS; did you mean eu-central-1?"
    ),
    (
      ["--stage", "3", "--regions", "cn-north-1"],
      "--regions: 'cn-north-1' is no commercial region of AWS; did you mean eu-north-1?"
    ),
    (["--stage", "7", "--regions", "eu-west-1,eu-west-1"], "--regions: eu-west-1 is there twice"),
    (
      ["--stage", "3", "--regions", "eu-west-1,us-east-1"],
      "stage 3: is in one region, 2 were given; stage 7 has several"
    ),
    (
      ["--stage", "7", "--regions", "eu-west-1"], "stage 7: is in several regions, 1 was given; add one"
    ),
    (
      ["--stage", "6", "--regions", "us-west-1"],
      "region us-west-1: has 2 zones that an account can use; stage 6 needs 3"
    ),
    (
      ["--stage", "3", "--domain", "example"],
      "'example' can't be a domain: expected a name such as example.com, in lower case"
    ),
  ])
  func whatCantBeIsWrongUseAndSaysWhy(words: [String], message: String) async {
    let run = await Run(["template", "--app", app] + words)
    #expect(run.code == 2)
    #expect(run.result == "")
    #expect(run.progress == "heights: \(message)\n")
  }

  @Test func aRegionWithoutAmplifyIsToldWithThoseThatHaveIt() async {
    let run = await run("--stage", "1", "--regions", "ca-west-1")
    #expect(run.code == 2)
    #expect(
      run.progress.contains("ca-west-1 has no Amplify Hosting") && run.progress.contains("ca-central-1"))
  }

  @Test func everyStageIsPrintedAndAStandInForTheDomainIsTold() async {
    for stage in 1...7 {
      let run = await run("--stage", String(stage))
      #expect(run.code == 0)
      #expect(run.result.hasPrefix("---\n# summit-"))
      #expect(run.progress == "domain: summit.example.com, a stand-in: name yours with --domain NAME\n")
    }
  }

  @Test func aFolderGetsAFileForEachStackAndTheIndex() async throws {
    let folder = NSTemporaryDirectory() + "heights-template-\(UUID().uuidString)/stacks"
    defer { try? FileManager.default.removeItem(atPath: (folder as NSString).deletingLastPathComponent) }
    let run = await run(
      "--stage", "3", "--regions", "eu-west-1", "--domain", "example.com", "--format", "json", "--users",
      "1000",
      "--out", folder)
    #expect(run.code == 0)
    #expect(run.progress == "wrote 4 templates and stacks.json to \(folder)\n")
    let data = try #require(FileManager.default.contents(atPath: folder + "/stacks.json"))
    let index = try JSONDecoder().decode(StackIndex.self, from: data)
    #expect(index.stage == 3)
    #expect(
      index.stacks.map(\.name) == [
        "summit-global", "summit-eu-west-1-network", "summit-eu-west-1-data", "summit-eu-west-1-compute",
      ])
    #expect(index.stacks.map(\.kind) == [.global, .network, .data, .compute])
    #expect(index.stacks[0].parameters["Domain"]?.value == "example.com")
    let subnet = index.stacks[2].parameters["DataSubnetA"]?.output
    #expect(subnet?.stack == "summit-eu-west-1-network" && subnet?.name == "DataSubnetA")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    #expect(files == (index.stacks.map(\.file) + ["stacks.json"]).sorted())
    for file in files {
      let data = try #require(FileManager.default.contents(atPath: "\(folder)/\(file)"))
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: data) }
    }
  }

  @Test func aFolderThatCantBeMadeIsTold() async {
    let run = await run("--stage", "3", "--domain", "example.com", "--out", "/dev/null/stacks")
    #expect(run.code == 2)
    #expect(run.progress.hasPrefix("heights: --out is '/dev/null/stacks', which can't be written: "))
  }
}
