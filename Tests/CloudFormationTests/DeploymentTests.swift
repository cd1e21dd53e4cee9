// What holds for the stacks of every stage.

import Foundation
import Testing
import Topology

@testable import CloudFormation

/// A deployment that a failure names by what it is.
struct Named: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let deployment: Result<Deployment, any Error>

  init(_ name: String, _ make: () throws -> Deployment) {
    testDescription = name
    deployment = Result(catching: make)
  }
}

@Suite struct DeploymentTests {
  /// Every stage, and the last one with and without laws, in two and three regions.
  static let all: [Named] = {
    let regions = [["eu-central-1", "us-east-1"], ["eu-central-1", "eu-west-1", "us-east-1"]]
    var all: [Named] = []
    for stage in Stage.allCases where stage != .sharded {
      all.append(Named("stage \(stage.number)") { try Stages.deployment(stage) })
    }
    for codes in regions {
      for laws in [[], ["EU"]] {
        all.append(
          Named("\(codes) under \(laws)") { try Stages.deployment(.sharded, codes, residency: laws) })
      }
    }
    for stage in Stage.allCases {
      all.append(Named("fresh stage \(stage.number)") { try Stages.deployment(stage, fresh: true) })
    }
    return all
  }()

  @Test(arguments: all)
  func everyParameterIsGivenOrHasADefault(_ named: Named) throws {
    let deployment = try named.deployment.get()
    var outputs: [String: Set<String>] = [:]
    for stack in deployment.stacks {
      for parameter in stack.template.parameters where parameter.standard == nil {
        #expect(stack.inputs.contains { $0.parameter == parameter.name }, "\(stack.name)/\(parameter.name)")
      }
      for input in stack.inputs {
        #expect(stack.template.parameters.contains { $0.name == input.parameter })
        guard case .output(let source, let name) = input.argument else { continue }
        #expect(
          outputs[source]?.contains(name) == true,
          "\(stack.name) takes \(name) of \(source), which is not before it")
      }
      outputs[stack.name] = Set(stack.template.outputs.map(\.name))
    }
    #expect(outputs.count == deployment.stacks.count, "two stacks share a name")
  }

  @Test(arguments: all)
  func everyTemplateIsSmallEnough(_ named: Named) throws {
    let deployment = try named.deployment.get()
    for stack in deployment.stacks {
      #expect(stack.template.yaml.utf8.count <= 51_200, "\(stack.name)")
      #expect(stack.template.json.utf8.count <= 51_200, "\(stack.name)")
      #expect(stack.template.resources.count <= 500 && stack.template.outputs.count <= 200)
    }
  }

  @Test(arguments: all)
  func nobodyIsTakenForTheDatabaseWithoutACertificateOfItsName(_ named: Named) throws {
    let stacks = try named.deployment.get().stacks
    let addresses = stacks.flatMap { $0.template.yaml.split(separator: "\n") }.filter {
      $0.contains("postgresql://")
    }
    #expect(addresses.isEmpty == !stacks.contains { $0.template.yaml.contains("AWS::RDS::DBInstance") })
    for address in addresses {
      #expect(address.hasSuffix("?sslmode=verify-full&sslrootcert=\(Bootstrap.authorities)'"))
    }
  }

  @Test(arguments: all)
  func onlyTheFrontIsOpenToEverybody(_ named: Named) throws {
    let deployment = try named.deployment.get()
    for stack in deployment.stacks {
      for entry in stack.template.resources where entry.type == "AWS::EC2::SecurityGroup" {
        guard case .list(let rules)? = entry.properties["SecurityGroupIngress"] else { continue }
        let isOpen = rules.contains { JSONText.of($0).contains(Anywhere.cidr) }
        #expect(isOpen == (entry.logicalID == "FrontSecurityGroup"), "\(stack.name)/\(entry.logicalID)")
      }
      let others = stack.template.resources.filter {
        !["AWS::EC2::SecurityGroup", "AWS::EC2::Route"].contains($0.type)
      }
      for entry in others {
        #expect(
          !JSONText.of(entry.properties.value).contains(Anywhere.cidr), "\(stack.name)/\(entry.logicalID)")
      }
    }
  }

  @Test(arguments: all)
  func noTemplateHoldsASecret(_ named: Named) throws {
    let deployment = try named.deployment.get()
    for stack in deployment.stacks {
      let text = stack.template.json
      #expect(!text.contains("\"MasterUserPassword\""))
      #expect(!text.contains("BEGIN ") && !text.contains("AKIA"))
      for entry in stack.template.resources {
        guard let token = entry.properties["AuthToken"] else { continue }
        #expect(JSONText.of(token).contains("{{resolve:secretsmanager:"))
      }
    }
  }

  @Test(arguments: all)
  func whatIsStoredIsEncryptedAndKept(_ named: Named) throws {
    let deployment = try named.deployment.get()
    #expect(DataGuard.findings(from: nil, to: deployment) == [])
  }

  @Test(arguments: all)
  func serversAskForTokensBeforeTheyTellCredentials(_ named: Named) throws {
    let deployment = try named.deployment.get()
    for entry in deployment.stacks.flatMap(\.template.resources)
    where entry.type == "AWS::EC2::LaunchTemplate" {
      #expect(JSONText.of(entry.properties.value).contains(#""HttpTokens": "required""#))
    }
  }

  @Test(arguments: Stage.allCases)
  func whatRunsTheAppAndWhatHasItsDataSayTheirStage(stage: Stage) throws {
    let deployment = try Stages.deployment(stage)
    let stacks = deployment.stageStacks.compactMap { deployment.stack($0) }
    #expect(
      stacks.map(\.kind)
        == (stage == .launchPage ? [.launch] : [.compute, .data] + (stage == .singleServer ? [.launch] : [])))
    for stack in stacks {
      let said = stack.template.outputs.first { $0.name == "Stage" }
      #expect(said?.value == .text(String(stage.number)), "\(stack.name)")
    }
  }

  /// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html: one of them alone answers 403.
  @Test func everybodyMayCallTheWaitlistByItsURLAndInNoOtherWay() throws {
    let launch = try #require(try Stages.deployment(.launchPage).stacks.first)
    let permissions = launch.template.resources.filter { $0.type == "AWS::Lambda::Permission" }.map(
      \.properties)
    #expect(
      permissions.map { $0["Action"] } == [.text("lambda:InvokeFunctionUrl"), .text("lambda:InvokeFunction")])
    #expect(permissions.map { $0["FunctionUrlAuthType"] } == [.text("NONE"), nil])
    #expect(permissions.map { $0["InvokedViaFunctionUrl"] } == [nil, .boolean(true)])
  }

  @Test func theSameStageIsAlwaysTheSameText() throws {
    for stage in Stage.allCases {
      let (first, second) = (try Stages.deployment(stage), try Stages.deployment(stage))
      #expect(first.stacks.map(\.template.yaml) == second.stacks.map(\.template.yaml))
    }
  }

  @Test func residencyKeepsCopiesWithinTheLaw() throws {
    let codes = ["eu-central-1", "us-east-1", "eu-west-1"]
    let deployment = try Stages.deployment(.sharded, codes, residency: ["EU"])
    for stack in deployment.stacks where stack.region == "us-east-1" && stack.kind == .data {
      for input in stack.inputs {
        guard case .output(let source, _) = input.argument else { continue }
        #expect(!source.contains("-eu-"), "\(stack.name) takes data of \(source)")
      }
    }
    let sessions = deployment.stacks.flatMap(\.template.resources).filter { $0.logicalID == "Sessions" }
    #expect(sessions.count == 2)
    for table in sessions {
      let text = JSONText.of(table.properties.value)
      #expect(
        text.contains("us-east-1") != text.contains("eu-"), "a table of sessions is on both sides of a law")
    }
  }
}

@Suite struct DeploymentErrorTests {
  private func error(
    _ stage: Stage, _ codes: [String], domain: String? = "example.com", app: AppOutline = Stages.app
  ) -> String {
    let regions = codes.map { code in
      CataloguedRegion.named(code)?.region ?? Region(code: code, name: code, zones: Region.local.zones)
    }
    do {
      let topology = try Topology.of(app, at: stage, in: regions)
      _ = try Deployment(of: topology, options: DeploymentOptions(app: app.name, domain: domain))
      return ""
    } catch { return "\(error)" }
  }

  @Test func aRegionWithoutAmplifyNamesThoseNearby() {
    #expect(
      error(.launchPage, ["eu-south-2"])
        == "eu-south-2 has no Amplify Hosting, which the launch page needs: choose one of eu-central-1, eu-north-1, "
        + "eu-south-1, eu-west-1, eu-west-2, eu-west-3")
  }

  @Test func twoZonesAreTooFewFromStage6On() {
    #expect(error(.microservices, ["us-west-1"]).contains("us-west-1: has 2 zones"))
    #expect(error(.stateless, ["us-west-1"]) == "")
  }

  @Test(arguments: ["example", "Example.com", "a..com", "-a.com", "a.com/", "exämple.com", ""])
  func whatIsNoDomainIsRefused(domain: String) {
    #expect(error(.singleServer, ["eu-central-1"], domain: domain).contains("can't be a domain"))
  }

  @Test func aDomainIsAsLongAsACertificateTakes() {
    let (label, end) = (String(repeating: "a", count: 45), ".example.com")
    #expect(error(.stateless, ["eu-central-1"], domain: label + end) == "")
    #expect(
      error(.stateless, ["eu-central-1"], domain: "a" + label + end)
        == "'a\(label)\(end)' is too long for a domain: expected at most 57 characters, found 58, for a certificate of ACM is "
        + "made for 64, 'origin.' among them")
  }

  @Test func theLabIsNoRegionOfAWS() {
    #expect(error(.singleServer, ["local"]) == "'local' is no commercial region of AWS")
  }

  @Test func namesThatBecomeOneAreRefused() {
    let app = AppOutline(
      name: "1st", title: "",
      services: ["web", "my_posts", "myPosts"].map { .init(name: $0, databases: []) },
      databases: ["my_posts", "myPosts"])
    #expect(error(.microservices, ["eu-central-1"], app: app).contains("are the same in a template"))
  }

  @Test func anAppWithoutDatabasesOrWithADigitFirstCanBeExported() throws {
    let app = AppOutline(
      name: "1st", title: "", services: [.init(name: "web", databases: [])], databases: [])
    for stage in Stage.allCases {
      let codes = stage == .sharded ? ["eu-central-1", "us-east-1"] : ["eu-central-1"]
      #expect(error(stage, codes, app: app) == "")
    }
  }

  private func maxConnections(_ stage: Stage, extent: Extent = Extent()) throws -> Int? {
    let stack = try #require(
      try Stages.deployment(stage, extent: extent).stack("summit-eu-central-1-data"))
    let group = try #require(stack.template.resource("DatabaseParameters"))
    guard case .object(let parameters)? = group.properties["Parameters"],
      case .text(let number)? = parameters["max_connections"]
    else { return nil }
    return Int(number)
  }

  @Test func whereTheAppAtItsMostInstancesNeedsMoreConnectionsThanRDSGivesItIsSaid() throws {
    // 8 servers of 2 vCPUs, and RDS gives 901 on 8 GiB.
    #expect(try maxConnections(.stateless) == nil)
    let services = try Topology.of(Stages.app, at: .microservices).tiers.filter { $0.kind == .service }
    let servers = services.reduce(0) { $0 + ($1.scaling?.maximum ?? 0) }
    let allowed = try #require(try maxConnections(.microservices))
    #expect(allowed > 901)
    // A loop of each vCPU has 8 for transactions, and one for the reads of each of five databases.
    #expect(allowed > servers * 2 * (8 + 5), "\(servers) servers, \(allowed) connections")
  }
}
