// The order of things in a deployment, as a state machine without I/O: events in, one action out.

/// Decides what a deployment does next: step by step, and for each stack look, compare, make a change set, show it,
/// ask, execute, wait. No stack is changed before its change set was shown, and none whose change set would lose data
/// unless that was allowed.
public struct DeployEngine: Sendable {
  enum Kind: String, Equatable, Sendable {
    case create = "CREATE"
    case update = "UPDATE"
  }

  enum Event: Equatable, Sendable {
    /// First of all, once.
    case begin
    case identified(account: String)
    /// Nil: there is no such stack.
    case described(StackDescription?)
    /// The template that the stack was last deployed with.
    case template(String)
    case changeSetCreated(id: String)
    /// Instead of it: there was nothing to make one of.
    case nothingChanges
    case changeSetDescribed(ChangeSetState)
    case discarded
    case shown
    case answered(Bool)
    case executed
    case waited(seconds: Double)
    case failures([StackFailure])
    /// An upload or a publication is complete.
    case stepDone
    /// The last action was not done and shall not be: end, and leave nothing half made that nobody runs.
    case interrupted
  }

  enum ChangeSetState: Equatable, Sendable {
    case pending
    case ready(ChangeSet)
    case empty
    case failed(reason: String)
  }

  enum Action: Equatable, Sendable {
    /// The question needs a region, and any will do.
    case identify(region: String)
    case describe(stack: String, region: String)
    case readTemplate(StackPlan)
    /// The parameters with the outputs of earlier stacks in them; nil is the value that the stack has.
    case createChangeSet(StackPlan, Kind, parameters: [String: String?])
    case describeChangeSet(StackPlan, id: String)
    case discardChangeSet(StackPlan, id: String)
    case show(Review)
    case confirm(Review)
    case execute(StackPlan, id: String)
    /// The status is what the stack was last seen in; nil while its change set is made.
    case wait(StackPlan, seconds: Double, status: StackStatus?)
    case readFailures(StackPlan)
    case upload(UploadPlan, bucket: String)
    case publish(PublishPlan, app: String, branch: String, bucket: String)
    case place(PlacementPlan, table: String, hosts: [String: String], secrets: [String: String])
    case end(DeployOutcome)
  }

  /// The output that says for which stage a stack is.
  private static let stageOutput = "Stage"

  private struct Looked {
    let stack: StackPlan
    let kind: Kind
    /// The template that the stack has.
    var deployed: String?
    /// Of the stack as it is.
    var found = StackDescription(status: StackStatus(""))
    /// By the comparison of the templates; nil when there was none.
    var losses: [DataLoss]?
  }

  private enum AfterDiscard {
    case next(StackReport)
    case end(DeployOutcome)
  }

  private enum State {
    case idle
    case identifying
    /// The stacks that are still to be looked at.
    case checking(CheckPlan, ArraySlice<String>)
    case describing(StackPlan)
    case waitingForOther(StackPlan, waitedS: Double, StackStatus)
    case readingTemplate(StackPlan, StackDescription)
    case creating(Looked)
    case waitingForChangeSet(Looked, id: String, waitedS: Double)
    case showing(Review, id: String)
    case asking(Review, id: String)
    case discarding(AfterDiscard)
    case executing(Review, id: String)
    case waitingForStack(StackPlan, Kind, waitedS: Double)
    case readingFailures(StackPlan, StackStatus)
    case inStep
    case ended
  }

  private let steps: [DeployStep]
  private let allowsLoss: Bool
  private let asks: Bool
  private let limits: Limits
  private let rules: DataRules
  private var state = State.idle
  private var position = 0
  private var reports: [StackReport] = []
  private var account = ""

  /// - Parameters:
  ///   - allowsLoss: whether a change set may replace or remove what holds data.
  ///   - asks: whether somebody is asked before each change set is executed.
  public init(
    steps: [DeployStep], allowsLoss: Bool, asks: Bool, rules: DataRules, limits: Limits = Limits()
  ) {
    self.steps = steps
    self.allowsLoss = allowsLoss
    self.asks = asks
    self.rules = rules
    self.limits = limits
  }

  /// The stack whose operation AWS carries out now, or may: it goes on if nobody waits for it.
  var underWay: StackPlan? {
    switch state {
    case .waitingForStack(let stack, _, _): stack
    case .executing(let review, _): review.stack
    default: nil
    }
  }

  /// What to do after `event`.
  /// - Throws: `DeployError.missingOutput` when a stack lacks what a later one needs.
  mutating func handle(_ event: Event) throws(DeployError) -> Action {
    if event == .interrupted { return interrupt() }
    switch (state, event) {
    case (.idle, .begin):
      guard let first = steps.first else { return end(.deployed(account: "", [])) }
      state = .identifying
      return .identify(region: first.region)
    case (.identifying, .identified(let account)):
      self.account = account
      return try next()
    case (.checking(let plan, let stacks), .described(let found)): return try check(plan, stacks, found)
    case (.inStep, .stepDone):
      position += 1
      return try next()
    case (.discarding(let then), .discarded): return try follow(then)
    default: return try handleStack(event)
    }
  }

  private mutating func handleStack(_ event: Event) throws(DeployError) -> Action {
    switch (state, event) {
    case (.describing(let stack), .described(let found)): return try look(stack, found, waitedS: 0)
    case (.waitingForOther(let stack, let waitedS, _), .described(let found)):
      return try look(stack, found, waitedS: waitedS)
    case (.waitingForOther(let stack, let waitedS, let status), .waited(let seconds)):
      state = .waitingForOther(stack, waitedS: waitedS + seconds, status)
      return .describe(stack)
    case (.readingTemplate(let stack, let found), .template(let deployed)):
      return try create(Looked(stack: stack, kind: .update, deployed: deployed, found: found))
    case (.creating(let looked), .changeSetCreated(let id)):
      state = .waitingForChangeSet(looked, id: id, waitedS: 0)
      return .describeChangeSet(looked.stack, id: id)
    case (.creating(let looked), .nothingChanges):
      return try done(StackReport(looked.stack, .unchanged, outputs: looked.found.outputs))
    case (.waitingForChangeSet(let looked, let id, let waitedS), .waited(let seconds)):
      state = .waitingForChangeSet(looked, id: id, waitedS: waitedS + seconds)
      return .describeChangeSet(looked.stack, id: id)
    case (.waitingForChangeSet(let looked, let id, let waitedS), .changeSetDescribed(let set)):
      return judge(looked, id, waitedS, set)
    case (.showing(let review, let id), .shown): return decide(review, id)
    case (.asking(let review, let id), .answered(let yes)):
      return yes ? execute(review, id) : discard(review.stack, id, .end(.declined(stack: review.stack.name)))
    case (.executing(let review, _), .executed):
      state = .waitingForStack(review.stack, review.kind, waitedS: 0)
      return .describe(review.stack)
    case (.waitingForStack(let stack, let kind, let waitedS), .waited(let seconds)):
      state = .waitingForStack(stack, kind, waitedS: waitedS + seconds)
      return .describe(stack)
    case (.waitingForStack(let stack, let kind, let waitedS), .described(let found)):
      return try watch(stack, kind, waitedS, found)
    case (.readingFailures(let stack, let status), .failures(let failures)):
      return end(.failed(stack: stack.name, region: stack.region, status: status, failures))
    default:
      // The driver answers each action with the event of that action; anything else is a mistake in it.
      preconditionFailure("the event \(event) does not belong to \(state)")
    }
  }
}

// From step to step.
extension DeployEngine {
  private mutating func next() throws(DeployError) -> Action {
    guard position < steps.count else { return end(.deployed(account: account, reports)) }
    switch steps[position] {
    case .check(let plan):
      return try look(for: plan, among: plan.stacks[...])
    case .stack(let stack):
      state = .describing(stack)
      return .describe(stack)
    case .upload(let upload):
      state = .inStep
      return .upload(upload, bucket: try reports.resolve(upload.bucket, for: upload.title))
    case .publish(let plan):
      state = .inStep
      return .publish(
        plan, app: try reports.resolve(plan.app, for: "Amplify"),
        branch: try reports.resolve(plan.branch, for: "Amplify"),
        bucket: try reports.resolve(plan.bucket, for: "Amplify"))
    case .place(let plan):
      state = .inStep
      return .place(
        plan, table: try reports.resolve(plan.table, for: "the placement"),
        hosts: try reports.resolve(plan.hosts, for: "the placement"),
        secrets: try reports.resolve(plan.keys, for: "the placement"))
    }
  }

  private mutating func look(for plan: CheckPlan, among stacks: ArraySlice<String>) throws(DeployError)
    -> Action
  {
    guard let stack = stacks.first else {
      position += 1
      return try next()
    }
    state = .checking(plan, stacks)
    return .describe(stack: stack, region: plan.region)
  }

  /// A stack that is being made, or could not be, has never had an app with data; its own step tells its state.
  private mutating func check(
    _ plan: CheckPlan, _ stacks: ArraySlice<String>, _ found: StackDescription?
  ) throws(DeployError) -> Action {
    let deployed = found?.outputs[Self.stageOutput]
    if let found, deployed != nil || found.status.standing == .settled {
      if deployed == String(plan.stage) { return try look(for: plan, among: []) }
      return end(.otherStage(stack: stacks.first ?? "", deployed: deployed, wanted: plan.stage))
    }
    return try look(for: plan, among: stacks.dropFirst())
  }

  private mutating func done(_ report: StackReport) throws(DeployError) -> Action {
    reports.append(report)
    position += 1
    return try next()
  }

  private mutating func end(_ outcome: DeployOutcome) -> Action {
    state = .ended
    return .end(outcome)
  }

  private mutating func discard(_ stack: StackPlan, _ id: String, _ then: AfterDiscard) -> Action {
    state = .discarding(then)
    return .discardChangeSet(stack, id: id)
  }

  private mutating func follow(_ then: AfterDiscard) throws(DeployError) -> Action {
    switch then {
    case .next(let report): return try done(report)
    case .end(let outcome): return end(outcome)
    }
  }

  private mutating func interrupt() -> Action {
    switch state {
    case .waitingForChangeSet(let looked, let id, _):
      return discard(looked.stack, id, .end(.interrupted(underWay: nil, region: nil)))
    case .showing(let review, let id), .asking(let review, let id), .executing(let review, let id):
      return discard(review.stack, id, .end(.interrupted(underWay: nil, region: nil)))
    default: return end(.interrupted(underWay: underWay?.name, region: underWay?.region))
    }
  }
}

// One stack.
extension DeployEngine {
  private mutating func look(
    _ stack: StackPlan, _ found: StackDescription?, waitedS: Double
  ) throws(DeployError) -> Action {
    guard let found else { return try create(Looked(stack: stack, kind: .create)) }
    switch found.status.standing {
    case .empty: return try create(Looked(stack: stack, kind: .create))
    case .stuck(let advice):
      let remedy = found.status.remedy(stack: stack.name, region: stack.region)
      return end(.stuck(stack: stack.name, status: found.status, advice: advice, remedy: remedy))
    case .busy where waitedS >= limits.stackS:
      return end(.timedOut(stack: stack.name, region: stack.region, status: found.status))
    case .busy:
      state = .waitingForOther(stack, waitedS: waitedS, found.status)
      return .wait(stack, seconds: Self.pauseS(after: waitedS), status: found.status)
    case .settled:
      state = .readingTemplate(stack, found)
      return .readTemplate(stack)
    }
  }

  private mutating func create(_ looked: Looked) throws(DeployError) -> Action {
    // CloudFormation would take the default for what is not mentioned.
    let kept = looked.stack.kept.intersection(looked.found.parameters.keys)
    var parameters = [String: String?](uniqueKeysWithValues: kept.map { ($0, nil) })
    for (name, value) in looked.stack.parameters {
      parameters[name] = try reports.resolve(value, for: "the parameter \(name) of \(looked.stack.name)")
    }
    state = .creating(compared(looked, parameters))
    return .createChangeSet(looked.stack, looked.kind, parameters: parameters)
  }

  private func compared(_ looked: Looked, _ parameters: [String: String?]) -> Looked {
    guard let deployed = looked.deployed else { return looked }
    let before = looked.found.parameters
    let after = parameters.reduce(into: [String: String]()) { $0[$1.key] = $1.value ?? before[$1.key] }
    var compared = looked
    compared.losses = rules.losses(
      looked.stack, FilledTemplate(text: deployed, parameters: before),
      FilledTemplate(text: looked.stack.template, parameters: after))
    return compared
  }

  private mutating func judge(
    _ looked: Looked, _ id: String, _ waitedS: Double, _ set: ChangeSetState
  ) -> Action {
    let stack = looked.stack
    switch set {
    case .pending where waitedS >= limits.changeSetS:
      return discard(stack, id, .end(.timedOut(stack: stack.name, region: stack.region, status: nil)))
    case .pending: return .wait(stack, seconds: Self.pauseS(after: waitedS), status: nil)
    case .empty:
      return discard(stack, id, .next(StackReport(stack, .unchanged, outputs: looked.found.outputs)))
    case .failed(let reason):
      return discard(stack, id, .end(.changeSetFailed(stack: stack.name, reason: reason)))
    case .ready(let changeSet):
      let review = Review(
        stack: stack, kind: looked.kind, changeSet: changeSet,
        losses: Self.union(looked.losses ?? [], losses(of: changeSet, looked)))
      state = .showing(review, id: id)
      return .show(review)
    }
  }

  private func losses(of changeSet: ChangeSet, _ looked: Looked) -> [DataLoss] {
    rules.losses(of: changeSet, deployed: looked.deployed, wasCompared: looked.losses != nil)
  }

  /// Each resource once: what the templates say of it comes first, since it names the property.
  private static func union(_ first: [DataLoss], _ second: [DataLoss]) -> [DataLoss] {
    first + second.filter { loss in !first.contains { $0.resource == loss.resource } }
  }

  private mutating func decide(_ review: Review, _ id: String) -> Action {
    if !review.losses.isEmpty, !allowsLoss {
      return discard(review.stack, id, .end(.refused(stack: review.stack.name, review.losses)))
    }
    guard asks else { return execute(review, id) }
    state = .asking(review, id: id)
    return .confirm(review)
  }

  private mutating func execute(_ review: Review, _ id: String) -> Action {
    state = .executing(review, id: id)
    return .execute(review.stack, id: id)
  }

  private mutating func watch(
    _ stack: StackPlan, _ kind: Kind, _ waitedS: Double, _ found: StackDescription?
  ) throws(DeployError) -> Action {
    guard let found else {
      return end(.failed(stack: stack.name, region: stack.region, status: StackStatus("DELETE_COMPLETE"), []))
    }
    switch found.status.standing {
    case .busy, .empty:
      if waitedS >= limits.stackS {
        return end(.timedOut(stack: stack.name, region: stack.region, status: found.status))
      }
      return .wait(stack, seconds: Self.pauseS(after: waitedS), status: found.status)
    case .settled where found.status.isSuccess:
      return try done(StackReport(stack, kind == .create ? .created : .updated, outputs: found.outputs))
    case .settled, .stuck:
      state = .readingFailures(stack, found.status)
      return .readFailures(stack)
    }
  }
}

extension DeployEngine.Action {
  static func describe(_ stack: StackPlan) -> Self { .describe(stack: stack.name, region: stack.region) }
}
