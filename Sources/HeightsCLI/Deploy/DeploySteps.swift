// From the stacks of a stage to the steps of its deployment: files go up as soon as their bucket is there.

import CloudFormation
import Deploy
import Foundation

struct DeploySteps {
  /// Where the launch page lies before Amplify has it. Only stage 1 has this stack: later stages bring buckets.
  private static let uploadsBucket = "UploadsBucket"
  /// Names in the templates that a deployment knows.
  private static let releasesBucket = "ReleasesBucket"
  private static let staticFilesBucket = "StaticFilesBucket"
  private static let launchApp = "LaunchPageAppId"
  private static let launchBranch = "main"
  private static let release = "Release"
  private static let assetDigits = 16

  let all: [DeployStep]

  /// - Throws: `DeployError.file` when a file of the app's can't be read.
  init(_ deployment: Deployment, request: DeployRequest) throws(DeployError) {
    let release = try request.artifact.map { path throws(DeployError) in
      (path: path, name: try ContentHash.ofFile(path))
    }
    var steps: [DeployStep] = []
    if request.options.keepsPreviousStage {
      steps.append(.check(Self.check(deployment, in: request.regions[0].code)))
    }
    if deployment.stage == .launchPage { steps += try Self.launchPage(request) }
    let placed = deployment.placement.map(Self.plan)
    var placement = placed
    for stack in deployment.stacks {
      // What it names is there, and who goes by it is not.
      if stack.kind == .compute, let plan = placement.take() { steps.append(.place(plan)) }
      steps.append(.stack(Self.plan(stack, release: release?.name)))
      let outputs = stack.template.outputs.map(\.name)
      if let release, outputs.contains(Self.releasesBucket) {
        steps.append(.upload(Self.upload(release.path, release.name, stack)))
      }
      if let folder = request.manifest.staticFolder, outputs.contains(Self.staticFilesBucket) {
        let path = request.folder.path + "/" + folder
        steps += try Self.assets(path, stack).map { .upload($0) }
        steps.append(.upload(Self.staticFiles(path, stack)))
      }
    }
    if var placed {
      placed.isSettled = true
      steps.append(.place(placed))
    }
    if deployment.stage == .launchPage, let stack = deployment.stacks.first {
      steps.append(.publish(try Self.publication(stack, request)))
    }
    all = steps
  }

  /// Who leaves out what holds the data of the stage before has said that there is none.
  private static func check(_ deployment: Deployment, in region: String) -> CheckPlan {
    CheckPlan(stacks: deployment.stageStacks, region: region, stage: deployment.stage.number)
  }

  private static func plan(_ stack: Stack, release: String?) -> StackPlan {
    var parameters: [String: ParameterValue] = [:]
    for input in stack.inputs {
      switch input.argument {
      case .value(let text): parameters[input.parameter] = .value(text)
      case .output(let stack, let name): parameters[input.parameter] = .output(stack: stack, name: name)
      }
    }
    let names = Set(stack.template.parameters.map(\.name))
    if let release, names.contains(Self.release) { parameters[Self.release] = .value(release) }
    return StackPlan(
      name: stack.name, region: stack.region, template: stack.template.json, parameters: parameters,
      kept: names.subtracting(parameters.keys))
  }

  private static func plan(_ placement: FirstPlacement) -> PlacementPlan {
    func value(_ output: FirstPlacement.Output) -> ParameterValue {
      .output(stack: output.stack, name: output.name)
    }
    return PlacementPlan(
      region: placement.region, table: value(placement.table), document: placement.document,
      hosts: placement.hosts.mapValues(value), keys: placement.keys.mapValues(value))
  }

  // MARK: Files

  /// Servers look for `releases/NAME.tar.gz`.
  private static func upload(_ path: String, _ name: String, _ stack: Stack) -> UploadPlan {
    UploadPlan(
      title: "release \(name)", region: stack.region,
      bucket: .output(stack: stack.name, name: releasesBucket),
      source: .file(path: path, key: "releases/\(name).tar.gz"))
  }

  /// Under names with a hash in them, as HeightsKit's `Assets` makes them: before any page names them, and for good.
  private static func assets(_ folder: String, _ stack: Stack) throws(DeployError) -> [UploadPlan] {
    let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    var plans: [UploadPlan] = []
    for name in names.sorted() {
      let isHidden = name.split(separator: "/").contains { $0.hasPrefix(".") }
      var isFolder: ObjCBool = false
      guard !isHidden, !name.hasSuffix(".br"), !name.hasSuffix(".gz"),
        FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      let end = (name as NSString).pathExtension.isEmpty ? "" : "." + (name as NSString).pathExtension
      let hash = try ContentHash.ofFile(folder + "/" + name).prefix(assetDigits)
      plans.append(
        UploadPlan(
          title: "static file \(name)", region: stack.region,
          bucket: .output(stack: stack.name, name: staticFilesBucket),
          source: .file(path: folder + "/" + name, key: "static/\(name.dropLast(end.count)).\(hash)\(end)"),
          cacheControl: "public, max-age=31536000, immutable"))
    }
    return plans
  }

  /// Under their own names as well; so a new version is seen when the old one has expired.
  private static func staticFiles(_ folder: String, _ stack: Stack) -> UploadPlan {
    UploadPlan(
      title: "static files", region: stack.region,
      bucket: .output(stack: stack.name, name: staticFilesBucket),
      source: .folder(path: folder, prefix: "static/"), cacheControl: "public, max-age=300")
  }

  // MARK: Stage 1

  private static func uploadsStack(_ request: DeployRequest) -> StackPlan {
    let region = request.regions[0].code
    return StackPlan(
      name: "\(request.options.app)-\(region)-uploads", region: region, template: UploadsTemplate.text)
  }

  private static func launchFolder(_ request: DeployRequest) throws(DeployError) -> (
    path: String, prefix: String
  ) {
    guard let launch = request.manifest.launchFolder else {
      throw .file(
        path: request.folder.path + "/heights.json",
        reason: "it has no `launch`: name the folder of the launch page")
    }
    let path = request.folder.path + "/" + launch
    return (path, "launch/\(try ContentHash.ofFolder(path))/")
  }

  private static func launchPage(_ request: DeployRequest) throws(DeployError) -> [DeployStep] {
    let stack = uploadsStack(request)
    let folder = try launchFolder(request)
    return [
      .stack(stack),
      .upload(
        UploadPlan(
          title: "launch page", region: stack.region, bucket: .output(stack: stack.name, name: uploadsBucket),
          source: .folder(path: folder.path, prefix: folder.prefix))),
    ]
  }

  private static func publication(_ stack: Stack, _ request: DeployRequest) throws(DeployError) -> PublishPlan
  {
    PublishPlan(
      region: stack.region, app: .output(stack: stack.name, name: launchApp), branch: .value(launchBranch),
      bucket: .output(stack: uploadsStack(request).name, name: uploadsBucket),
      prefix: try launchFolder(request).prefix)
  }
}

/// The bucket that Amplify takes the launch page from.
enum UploadsTemplate {
  static let text = """
    {
      "AWSTemplateFormatVersion": "2010-09-09",
      "Description": "What Heights uploads before there is another bucket",
      "Resources": {
        "Uploads": {
          "Type": "AWS::S3::Bucket",
          "DeletionPolicy": "Retain",
          "UpdateReplacePolicy": "Retain",
          "Metadata": {
            "checkov": {
              "skip": [
                {"id": "CKV_AWS_18", "comment": "It holds public pages, and only deployments write to it."}
              ]
            }
          },
          "Properties": {
            "BucketEncryption": {
              "ServerSideEncryptionConfiguration": [
                {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
              ]
            },
            "PublicAccessBlockConfiguration": {
              "BlockPublicAcls": true, "BlockPublicPolicy": true,
              "IgnorePublicAcls": true, "RestrictPublicBuckets": true
            },
            "VersioningConfiguration": {"Status": "Enabled"}
          }
        },
        "UploadsPolicy": {
          "Type": "AWS::S3::BucketPolicy",
          "Properties": {
            "Bucket": {"Ref": "Uploads"},
            "PolicyDocument": {
              "Version": "2012-10-17",
              "Statement": [
                {
                  "Effect": "Deny", "Principal": "*", "Action": "s3:*",
                  "Resource": [{"Fn::GetAtt": ["Uploads", "Arn"]}, {"Fn::Sub": "${Uploads.Arn}/*"}],
                  "Condition": {"Bool": {"aws:SecureTransport": "false"}}
                },
                {
                  "Effect": "Allow", "Principal": {"Service": "amplify.amazonaws.com"},
                  "Action": ["s3:GetObject", "s3:ListBucket"],
                  "Resource": [{"Fn::GetAtt": ["Uploads", "Arn"]}, {"Fn::Sub": "${Uploads.Arn}/launch/*"}],
                  "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
                }
              ]
            }
          }
        }
      },
      "Outputs": {
        "UploadsBucket": {"Description": "Where uploads go.", "Value": {"Ref": "Uploads"}}
      }
    }
    """
}
