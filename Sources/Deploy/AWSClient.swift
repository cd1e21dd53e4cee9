// The AWS CLI, as the user has set it up: calls in, answers or errors out. Credentials are its own affair.

import Foundation

/// Calls the AWS CLI.
public struct AWSClient: Sendable {
  /// Runs `aws` with these words; nil when it had to be ended after the limit.
  typealias Run = @Sendable (_ words: [String], _ limitS: Double) throws -> CommandResult?

  /// Where requests go instead of AWS: an emulator.
  let endpointURL: String?
  private let run: Run

  init(endpointURL: String? = nil, run: @escaping Run) {
    self.endpointURL = endpointURL
    self.run = run
  }

  /// The `aws` in PATH.
  /// - Throws: `DeployError.cliMissing` when there is none.
  public init(endpointURL: String?) throws(DeployError) {
    // No pager and no questions: nobody is there to answer them.
    let environment = ["AWS_PAGER": "", "AWS_CLI_AUTO_PROMPT": "off"]
    guard let tool = CommandLineTool(named: "aws", environment: environment) else { throw .cliMissing }
    self.init(endpointURL: endpointURL) { try tool.run($0, limitS: $1) }
  }

  /// What the call printed.
  func output(_ call: AWSCall) throws(DeployError) -> Data {
    let result: CommandResult?
    do { result = try run(words(call), call.limitS) } catch {
      throw .callFailed(call: call.title, code: nil, message: "\(error)")
    }
    guard let result else { throw .callTimedOut(call: call.title, limitS: call.limitS) }
    guard result.code == 0 else {
      let message = result.errors.trimmingCharacters(in: .whitespacesAndNewlines)
      throw .callFailed(call: call.title, code: Self.errorCode(in: message), message: Self.clipped(message))
    }
    return result.output
  }

  func answer<Answer: Decodable>(_ call: AWSCall, as type: Answer.Type) throws(DeployError) -> Answer {
    try read(try output(call), of: call, as: type)
  }

  private func read<Answer: Decodable>(
    _ data: Data, of call: AWSCall, as type: Answer.Type
  ) throws(DeployError) -> Answer {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .custom { AnswerKey(uncapitalised: $0[$0.count - 1].stringValue) }
    do { return try decoder.decode(type, from: data) } catch {
      throw .unreadable(call: call.title, answer: Self.clipped(String(decoding: data, as: UTF8.self)))
    }
  }

  /// The same of a call that prints nothing where there is nothing.
  func answerIfAny<Answer: Decodable>(_ call: AWSCall, as type: Answer.Type) throws(DeployError) -> Answer? {
    let data = try output(call)
    return data.allSatisfy { $0 == 10 } ? nil : try read(data, of: call, as: type)
  }

  private func words(_ call: AWSCall) -> [String] {
    call.words + ["--output", "json"] + (call.region.map { ["--region", $0] } ?? [])
      + (endpointURL.map { ["--endpoint-url", $0] } ?? [])
  }

  /// `ValidationError` of "An error occurred (ValidationError) when calling the … operation: …": how the CLI tells the
  /// code of an error that AWS answered with.
  private static func errorCode(in message: String) -> String? {
    message.firstMatch(of: /An error occurred \((\w+)\)/).map { String($0.1) }
  }

  /// An emulator may answer with a page.
  private static func clipped(_ text: String) -> String {
    text.count > 600 ? text.prefix(600) + "…" : text
  }
}

/// `stackStatus` for `StackStatus`.
private struct AnswerKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(uncapitalised key: String) { stringValue = key.prefix(1).lowercased() + key.dropFirst() }
  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
