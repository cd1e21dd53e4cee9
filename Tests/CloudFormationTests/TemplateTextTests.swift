// Templates as text: what YAML could take for something else is quoted, and the same template is always the same text.

import Testing

@testable import CloudFormation

@Suite struct TemplateTextTests {
  @Test(arguments: [
    "yes", "no", "On", "OFF", "y", "N", "true", "null", "~", "", "1e3", "0x1F", "2010-09-09", "12:30:00",
    "007", "*",
    "*.example.com", "&a", "!x", "a: b", "a #b", "#a", "- a", "a,b", "{a}", "[a]", "'a'", "\"a\"", "a\\b",
    "@a", "`a`", "%a",
    " a", "a ", "a:", "ä", "\u{7f}", "a\tb", "a\nb", "?a", "|", ">", "NaN", ".inf", "-1", "=",
  ])
  func whatYAMLCouldMistakeIsQuoted(text: String) {
    #expect(YAMLText.scalar(text) == JSONText.quoted(text))
  }

  @Test(arguments: [
    "AWS::EC2::VPC", "eu-central-1a", "Says where everything is.", "s3:GetObject", "a/b_c", "it; and (so) on",
  ])
  func plainWordsStayPlain(text: String) {
    #expect(YAMLText.scalar(text) == text)
  }

  private static let everything: Object = [
    "Text": "plain", "Number": 1.5, "Whole": 2.0, "Flag": true, "None": Expression.list([]),
    "Empty": Object(),
    "Reference": Expression.reference("Vpc"), "Attribute": Expression.attribute(of: "Vpc", "CidrBlock"),
    "Sub": Text("arn:\(.partition):s3:::\(Expression.reference("Bucket"))/${x}"),
    "Zone": Expression.selection(1, .zones), "Choice": Expression.choice(condition: "C", .text("a,b"), .none),
    "Encoded": Expression.base64(Text("first \(Expression.reference("A"))\n  second\n\nend\n").value),
    "Joined": Expression.joined([.reference("A"), .mapped("M", "K", "N")], separator: ""),
    "Lines": "one\n\n two: #x\n",
    "Nested": Expression.list([.list([.text("a")]), .object(["K": "v", "L": ["w"]])]),
  ]

  @Test func everyKindOfValueHasItsYAML() {
    #expect(
      YAMLText.of(Self.everything) == """
        Text: plain
        Number: 1.5
        Whole: 2
        Flag: true
        "None": []
        Empty: {}
        Reference: !Ref Vpc
        Attribute: !GetAtt Vpc.CidrBlock
        Sub: !Sub "arn:${AWS::Partition}:s3:::${Bucket}/${!x}"
        Zone: !Select [1, !GetAZs ""]
        Choice: !If [C, "a,b", !Ref AWS::NoValue]
        Encoded:
          Fn::Base64: !Sub |
            first ${A}
              second

            end
        Joined: !Join
          - ""
          -
            - !Ref A
            - !FindInMap [M, K, "N"]
        Lines: |
          one

           two: #x
        Nested:
          -
            - a
          - K: v
            L:
              - w

        """)
  }

  @Test func everyKindOfValueHasItsJSON() {
    let sub = #"{"Fn::Sub": "arn:${AWS::Partition}:s3:::${Bucket}/${!x}"}"#
    let text = JSONText.of(Self.everything.value)
    #expect(text.contains("\"Sub\": \(sub)"))
    #expect(text.contains(#""Choice": {"Fn::If": ["C", "a,b", {"Ref": "AWS::NoValue"}]}"#))
    #expect(text.contains(#""Zone": {"Fn::Select": [1, {"Fn::GetAZs": ""}]}"#))
  }

  @Test func textInTextIsSubstitutedOnce() {
    let inner: Text = "\(Expression.reference("A"))${b}"
    let outer: Text = "\(inner)-\(Expression.choice(condition: "C", .text("x"), .text("y")))-${c}"
    #expect(
      outer.value
        == .substitution(
          "${A}${!b}-${Part1}-${!c}", ["Part1": Expression.choice(condition: "C", .text("x"), .text("y"))]))
    #expect(Text("${plain}").value == .text("${plain}"))
  }
}
