// What ends a deployment before its outcome is known.

import Errors

/// An error for people: what went wrong, where, what was expected, what to do next.
public enum DeployError: CodedError, Equatable, Sendable {
  /// There is no `aws` in PATH.
  case cliMissing
  /// The CLI could not say who we are: its own words.
  case noIdentity(reason: String)
  /// A call failed: AWS's code for it where it gave one, and the CLI's own words.
  case callFailed(call: String, code: String?, message: String)
  /// A call took too long and was ended.
  case callTimedOut(call: String, limitS: Double)
  /// An answer that is not what the call promises.
  case unreadable(call: String, answer: String)
  case missingOutput(stack: String, output: String, neededBy: String)
  /// A file of ours could not be read or written.
  case file(path: String, reason: String)
  /// Amplify did not publish the launch page.
  case notPublished(app: String, status: String)
  /// What is in the table, or would be, is no placement.
  case unknownPlacement(table: String, reason: String)
  /// One of the above, while AWS changes a stack.
  indirect case underWay(stack: String, region: String, DeployError)

  /// A short stable name for scripts.
  public var code: String {
    switch self {
    case .cliMissing: "aws_cli_missing"
    case .noIdentity: "no_credentials"
    case .callFailed: "aws_call_failed"
    case .callTimedOut: "aws_call_timed_out"
    case .unreadable: "aws_answer_unreadable"
    case .missingOutput: "missing_output"
    case .file: "file"
    case .notPublished: "not_published"
    case .unknownPlacement: "unknown_placement"
    case .underWay(_, _, let error): error.code
    }
  }
}

extension DeployError {
  public var description: String {
    switch self {
    case .cliMissing:
      "the AWS CLI is not in PATH, and Heights deploys through it: install it "
        + "(`apt-get install awscli`, `pip install awscli`, or "
        + "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html), then call this again"
    case .noIdentity(let reason):
      "AWS does not know who is calling: \(reason)\nSign in with the AWS CLI (`aws configure`, or `aws sso login`), "
        + "see that `aws sts get-caller-identity` works, then call this again"
    case .callFailed(let call, _, let message): "`aws \(call)` failed: \(message)"
    case .callTimedOut(let call, let limitS):
      "`aws \(call)` did not end within \(Int(limitS)) s: look at the network, then call this again"
    case .unreadable(let call, let answer):
      "`aws \(call)` answered something unexpected: \(answer)"
    case .missingOutput(let stack, let output, let user):
      "the stack \(stack) has no output \(output), which \(user) needs: look at the stack in the CloudFormation console"
    case .file(let path, let reason): "\(path): \(reason)"
    case .notPublished(let app, let status):
      "Amplify did not publish the launch page (app \(app), job \(status)): look at the app in the Amplify console"
    case .unknownPlacement(let table, let reason):
      "the item `placement` of the table \(table) can't be gone by: \(reason). A newer Heights may have written it: "
        + "use that one, or look at the item in the DynamoDB console"
    case .underWay(let stack, let region, let error):
      "\(error)\nAWS goes on with the stack \(stack) in \(region): call this again to watch it and go on"
    }
  }
}
