// Stage 1: a page that is hosted, and a function that writes down who wants to hear more. Nothing here costs anything
// while nobody comes. There is no zone yet: Amplify would write its own records into it, where later ones belong to us.

import Topology

struct LaunchStack {
  let stack: Stack

  init(_ blueprint: Blueprint) {
    let region = blueprint.home.code
    var builder = blueprint.builder(.launch, in: region, "the launch page and its waitlist")
    let domain = blueprint.domain(in: &builder)

    let table = builder.add(
      "Waitlist", GlobalTable(key: "email", regions: [region], tags: blueprint.tags("waitlist")),
      deletion: .retain)
    let url = Self.addFunction(table, blueprint, &builder)

    let app = builder.add(
      "LaunchPage",
      AmplifyApp(
        name: blueprint.options.app, description: "The launch page",
        // The rest of the path follows the URL's own slash.
        rewrites: [("/api/waitlist", Text("\(url)api/waitlist"))], tags: blueprint.tags("launch")))
    let branch = builder.add(
      "LaunchBranch", AmplifyBranch(app: app, name: "main", tags: blueprint.tags("launch")))
    let association = builder.add("LaunchDomain", AmplifyDomain(app: app, branch: branch, name: domain))

    builder.output(
      "LaunchPageAppId", app.appID, "What `aws amplify create-deployment` is given to upload the page.")
    builder.output(
      "LaunchPageAddress", Text("https://main.\(app.defaultDomain)").value, "The page before DNS knows it.")
    builder.output(
      "LaunchDomainRecord", association.certificateRecord,
      "Put this record into the domain's zone: NAME CNAME VALUE.")
    builder.output("WaitlistTable", table.id, "The addresses that were left.")
    builder.output("WaitlistAddress", url, "Where the page posts to.")
    builder.output(of: blueprint.stage)
    stack = builder.stack
  }

  private static func addFunction(
    _ table: Resource<GlobalTable>, _ blueprint: Blueprint, _ builder: inout StackBuilder
  ) -> Expression {
    let logs = builder.add("WaitlistLog", LogGroup(tags: blueprint.tags("waitlist")), accepted: [.logKey])
    let role = builder.add(
      "WaitlistRole",
      Role(
        service: "lambda.amazonaws.com",
        policies: [
          Role.Policy(
            name: "Waitlist",
            statements: [
              Statement(actions: ["dynamodb:PutItem"], resources: [table.arn]),
              Statement(actions: ["logs:CreateLogStream", "logs:PutLogEvents"], resources: [logs.arn]),
              Statement(
                actions: ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], resources: ["*"]),
            ])
        ]))
    let function = builder.add(
      "WaitlistFunction",
      Function(
        description: "Writes an address into the waitlist, once", role: role.arn, logs: logs.id,
        code: WaitlistCode.text, environment: ["TABLE": table.id], tags: blueprint.tags("waitlist")),
      accepted: [
        AcceptedRisk(
          check: "CKV_AWS_115",
          reason:
            "A new account has ten executions at once in all, none of which may be reserved: that is the bound."
        ),
        AcceptedRisk(
          check: "CKV_AWS_116",
          reason: "It is called by people who see at once whether it worked: nothing is queued."),
        AcceptedRisk(
          check: "CKV_AWS_117", reason: "It reaches DynamoDB only, and a network of its own would cost money."
        ),
        AcceptedRisk(
          check: "CKV_AWS_173", reason: "Its one variable is the table's name, which is no secret."),
      ])
    let url = builder.add(
      "WaitlistUrl", FunctionURL(function: function.arn),
      accepted: [
        AcceptedRisk(
          check: "CKV_AWS_258", reason: "A launch page takes addresses from people without an account.")
      ])
    builder.add("WaitlistUrlPermission", PublicURLPermission(function: function.arn))
    builder.add("WaitlistCallPermission", PublicCallPermission(function: function.arn))
    return url.url
  }
}

extension AcceptedRisk {
  static let logKey = AcceptedRisk(
    check: "CKV_AWS_158", reason: "CloudWatch encrypts logs with a key of its own; they hold no secrets.")
}

/// The waitlist's function, small enough to live in the template. It answers as the app's own launch page does.
enum WaitlistCode {
  static let text = """
    import base64, json, os, re, time, urllib.parse
    import boto3

    TABLE = boto3.resource("dynamodb").Table(os.environ["TABLE"])
    ADDRESS = re.compile(r"[^@\\s]{1,64}@[^@\\s]{1,187}\\.[^@\\s]{2,63}")


    def handler(event, context):
        body = event.get("body") or ""
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body).decode("utf-8", "replace")
        is_form = "form" in event.get("headers", {}).get("content-type", "")
        try:
            fields = dict(urllib.parse.parse_qsl(body)) if is_form else json.loads(body)
            email = str(fields.get("email", "")).strip().lower()
        except (ValueError, AttributeError):
            email = ""
        if not ADDRESS.fullmatch(email):
            return answer(is_form, 400, "/error.html", {"status": 400, "title": "Enter an email address."})
        try:
            TABLE.put_item(
                Item={"email": email, "since": int(time.time() * 1000)},
                ConditionExpression="attribute_not_exists(email)")
        except TABLE.meta.client.exceptions.ConditionalCheckFailedException:
            pass
        return answer(is_form, 201, "/thanks.html", {"email": email})


    def answer(is_form, status, page, content):
        if is_form:
            return {"statusCode": 303, "headers": {"location": page}}
        return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(content)}

    """
}
