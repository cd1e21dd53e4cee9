// The alarms of a template fire as those of the lab do: over a long time and a short one, by what the stage promises.

import Testing

@testable import CloudFormation

@Suite struct AlarmTests {
  struct Expected: Sendable {
    let name: String
    /// Of a period, and from which share of failed requests on.
    let long: (seconds: Int, share: Double)
    let short: (seconds: Int, share: Double)
  }

  private static let stage6 = [
    Expected(name: "ErrorBudgetFast", long: (3_600, 0.00144), short: (300, 0.00144)),
    Expected(name: "ErrorBudgetSlow", long: (21_600, 0.0006), short: (1_800, 0.0006)),
    Expected(name: "ErrorBudgetLasting", long: (86_400, 0.0003), short: (7_200, 0.0003)),
  ]

  @Test(arguments: stage6)
  func anAlarmIsBothOfItsParts(expected: Expected) throws {
    let stack = try #require(try Stages.deployment(.microservices).stack("summit-eu-central-1-edge"))
    for (part, wanted) in [("Burn", expected.long), ("BurnNow", expected.short)] {
      let alarm = try #require(stack.template.resource(expected.name + part))
      #expect(alarm.type == "AWS::CloudWatch::Alarm")
      let text = JSONText.of(alarm.properties.value)
      #expect(alarm.properties["Threshold"] == .number(wanted.share))
      #expect(
        text.contains("\"Period\": \(wanted.seconds)") && alarm.properties["EvaluationPeriods"] == .integer(1)
      )
      // Who fires alone tells nobody.
      #expect(
        alarm.properties["ActionsEnabled"] == .boolean(false) && alarm.properties["AlarmActions"] == nil)
    }
    let both = try #require(stack.template.resource(expected.name + "Alarm"))
    #expect(both.type == "AWS::CloudWatch::CompositeAlarm")
    let text = JSONText.of(both.properties.value)
    #expect(
      text.contains(
        #"ALARM(\"${\#(expected.name)Burn}\") AND ALARM(\"${\#(expected.name)BurnNow}\")"#), "\(text)")
    #expect(text.contains(#""AlarmActions": ["#))
  }
}
