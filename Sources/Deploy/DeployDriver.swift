// Performs what the engine decides, through the AWS CLI, and tells what happens.

import Foundation

/// What happens in a deployment, for whoever watches it.
public enum DeployEvent: Equatable, Sendable {
  case identified(account: String)
  case looking(StackPlan)
  case reviewed(DeployEngine.Review)
  case unchanged(StackPlan)
  case executing(StackPlan)
  /// While AWS works on a stack; without a status a change set is being made.
  case waiting(StackPlan, StackStatus?)
  case uploading(String)
  case uploaded(String)
  /// The very same was there.
  case uploadedBefore(String)
  case publishing(app: String)
  /// The placement is written.
  case placed(epoch: Int)
  /// It says what it is to say.
  case placedBefore
}

/// Carries a deployment out.
public struct DeployDriver {
  let aws: AWSClient
  private let pause: (_ seconds: Double) -> Void
  private let confirm: (DeployEngine.Review) -> Bool
  private let shouldStop: () -> Bool
  let report: (DeployEvent) -> Void

  /// - Parameters:
  ///   - pause: returns after that time, or sooner when `shouldStop`.
  ///   - confirm: asks somebody whether the change set shall be executed.
  ///   - shouldStop: asked before each action.
  public init(
    aws: AWSClient, pause: @escaping (_ seconds: Double) -> Void,
    confirm: @escaping (DeployEngine.Review) -> Bool, shouldStop: @escaping () -> Bool,
    report: @escaping (DeployEvent) -> Void
  ) {
    self.aws = aws
    self.pause = pause
    self.confirm = confirm
    self.shouldStop = shouldStop
    self.report = report
  }

  /// Goes on until the end.
  public func drive(_ engine: consuming DeployEngine) throws(DeployError) -> DeployOutcome {
    var action = try engine.handle(.begin)
    while true {
      if case .end(let outcome) = action { return outcome }
      if shouldStop(), !action.tidiesUp {
        action = try engine.handle(.interrupted)
        continue
      }
      let event: DeployEngine.Event
      do { event = try perform(action) } catch {
        guard let stack = engine.underWay else { throw error }
        throw .underWay(stack: stack.name, region: stack.region, error)
      }
      action = try engine.handle(event)
    }
  }

  private func perform(_ action: DeployEngine.Action) throws(DeployError) -> DeployEngine.Event {
    switch action {
    case .identify(let region): return try identify(region)
    case .describe(let stack, let region): return .described(try describe(stack, region))
    case .readTemplate(let stack): return .template(try template(of: stack))
    case .createChangeSet(let stack, let kind, let parameters):
      report(.looking(stack))
      return try createChangeSet(stack, kind, parameters)
    case .describeChangeSet(let stack, let id): return try describeChangeSet(stack, id)
    case .discardChangeSet(let stack, let id):
      _ = try aws.output(.deleteChangeSet(stack, id: id))
      return .discarded
    case .show(let review):
      report(.reviewed(review))
      return .shown
    case .confirm(let review):
      let isYes = confirm(review)
      // Who was asked may have left instead of answering.
      return !isYes && shouldStop() ? .interrupted : .answered(isYes)
    case .execute(let stack, let id):
      report(.executing(stack))
      _ = try aws.output(.execute(stack, id: id))
      return .executed
    case .wait(let stack, let seconds, let status):
      report(.waiting(stack, status))
      pause(seconds)
      return .waited(seconds: seconds)
    case .readFailures(let stack):
      let events = try aws.answer(.events(of: stack), as: StackEventsAnswer.self)
      return .failures(events.failures(stack: stack.name))
    case .upload(let plan, let bucket):
      try upload(plan, bucket)
      return .stepDone
    case .publish(let plan, let app, let branch, let bucket):
      try publish(plan, app, branch, bucket)
      return .stepDone
    case .place(let plan, let table, let hosts, let secrets):
      try place(plan, table: table, hosts: hosts, secrets: secrets)
      return .stepDone
    case .end: preconditionFailure("the end is not performed")
    }
  }
}

extension DeployEngine.Action {
  /// Whether it is done even when somebody wants to stop.
  fileprivate var tidiesUp: Bool {
    if case .discardChangeSet = self { true } else { false }
  }
}

// CloudFormation.
extension DeployDriver {
  private func identify(_ region: String) throws(DeployError) -> DeployEngine.Event {
    let identity: CallerIdentity
    do { identity = try aws.answer(.identity(region: region), as: CallerIdentity.self) } catch {
      guard case .callFailed(_, _, let message) = error else { throw error }
      throw .noIdentity(reason: message)
    }
    report(.identified(account: identity.account))
    return .identified(account: identity.account)
  }

  private func describe(_ stack: String, _ region: String) throws(DeployError) -> StackDescription? {
    do {
      return try aws.answer(.describe(stack, region: region), as: StacksAnswer.self).description
    } catch {
      // The one way in which CloudFormation says that there is no such stack.
      if case .callFailed(_, "ValidationError", let message) = error, message.contains("does not exist") {
        return nil
      }
      throw error
    }
  }

  private func template(of stack: StackPlan) throws(DeployError) -> String {
    let call = AWSCall.template(of: stack)
    let data = try aws.output(call)
    guard let template = TemplateAnswer(data) else {
      throw .unreadable(call: call.title, answer: String(decoding: data.prefix(200), as: UTF8.self))
    }
    return template.text
  }

  private func createChangeSet(
    _ stack: StackPlan, _ kind: DeployEngine.Kind, _ parameters: [String: String?]
  ) throws(DeployError) -> DeployEngine.Event {
    let list = parameters.sorted { $0.key < $1.key }.map {
      GivenParameter(name: $0.key, value: $0.value)
    }
    let folder: PrivateFolder
    let paths: (template: String, parameters: String)
    do {
      folder = try PrivateFolder()
      paths.template = try folder.write(Data(stack.template.utf8), to: "template")
      paths.parameters = try folder.write(try JSONEncoder().encode(list), to: "parameters.json")
    } catch {
      throw .file(
        path: NSTemporaryDirectory(), reason: "it can't be written to: \(error.localizedDescription)")
    }
    // The folder has to live until the call has ended.
    return try withExtendedLifetime(folder) { () throws(DeployError) -> DeployEngine.Event in
      let name = "heights-\(UInt64(Date.now.timeIntervalSince1970 * 1000))"
      let call = AWSCall.createChangeSet(
        stack, kind, name: name, templatePath: paths.template, parametersPath: paths.parameters)
      return try request(call, stack)
    }
  }

  private func request(_ call: AWSCall, _ stack: StackPlan) throws(DeployError) -> DeployEngine.Event {
    do { return .changeSetCreated(id: try aws.answer(call, as: ChangeSetCreated.self).id) } catch {
      // CloudFormation makes a change set all the same and lets it fail; its words for an update are these.
      guard case .callFailed(_, "ValidationError", let message) = error, ChangeSetAnswer.isEmpty(message)
      else {
        throw error
      }
      report(.unchanged(stack))
      return .nothingChanges
    }
  }

  private func describeChangeSet(_ stack: StackPlan, _ id: String) throws(DeployError) -> DeployEngine.Event {
    let state = try aws.answer(.describeChangeSet(stack, id: id), as: ChangeSetAnswer.self).state
    if state == .empty { report(.unchanged(stack)) }
    return .changeSetDescribed(state)
  }
}

// Files.
extension DeployDriver {
  private func upload(_ plan: UploadPlan, _ bucket: String) throws(DeployError) {
    switch plan.source {
    case .file(_, let key) where try isThere(key, plan, bucket): return report(.uploadedBefore(plan.title))
    case .file(let path, let key):
      report(.uploading(plan.title))
      _ = try aws.output(.upload(file: path, to: "s3://\(bucket)/\(key)", plan))
    case .folder(let path, let prefix):
      report(.uploading(plan.title))
      _ = try aws.output(.upload(folder: path, to: "s3://\(bucket)/\(prefix)", plan))
    }
    report(.uploaded(plan.title))
  }

  private func isThere(_ key: String, _ plan: UploadPlan, _ bucket: String) throws(DeployError) -> Bool {
    do {
      _ = try aws.output(.headObject(bucket: bucket, key: key, region: plan.region))
      return true
    } catch {
      // The answer to HEAD has no body, so the status is all that the CLI can tell.
      if case .callFailed(_, "404", _) = error { return false }
      throw error
    }
  }

  private func publish(
    _ plan: PublishPlan, _ app: String, _ branch: String, _ bucket: String
  ) throws(DeployError) {
    report(.publishing(app: app))
    var job = try aws.answer(
      .startDeployment(app: app, branch: branch, bucket: bucket, prefix: plan.prefix, region: plan.region),
      as: AmplifyJob.self)
    var waitedS = 0.0
    while let summary = job.summary, !Self.endedJobs.contains(summary.status), waitedS < Self.publishS {
      pause(Self.jobPauseS)
      waitedS += Self.jobPauseS
      job = try aws.answer(
        .deploymentJob(app: app, branch: branch, job: summary.jobId, region: plan.region), as: AmplifyJob.self
      )
    }
    guard job.summary?.status == "SUCCEED" else {
      throw .notPublished(app: app, status: job.summary?.status ?? "without an id")
    }
  }

  private static let endedJobs: Set<String> = ["SUCCEED", "FAILED", "CANCELLED"]
  private static let jobPauseS = 2.0
  private static let publishS = 600.0
}
