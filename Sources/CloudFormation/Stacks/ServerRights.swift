// What a server may do: exactly what its start and its app need.

import Topology

/// Collects what a server's role is allowed.
struct ServerRights {
  private(set) var statements: [Statement] = []

  mutating func allow(_ actions: [String], on resources: [any TemplateValue], when conditions: Object? = nil)
  {
    statements.append(Statement(actions: actions, resources: resources, conditions: conditions))
  }

  /// What every server does at its start.
  init(releases: ResourceID<Bucket>, logs: Resource<LogGroup>) {
    allow(["s3:GetObject"], on: [Text("arn:\(.partition):s3:::\(releases)/releases/*")])
    allow(["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], on: [logs.arn])
  }

  mutating func readPlacement(in table: Expression) {
    allow(
      ["dynamodb:GetItem"],
      on: [Text("arn:\(.partition):dynamodb:\(.region):\(.account):table/\(table)")])
  }

  /// The passwords of databases. RDS names their secrets itself; each has the tag of the database that it is for.
  mutating func readPasswords(of leaders: [ARN<DBInstance>]) {
    if leaders.isEmpty { return }
    allow(["rds:DescribeDBInstances"], on: leaders)
    allow(
      ["secretsmanager:GetSecretValue"],
      on: [Text("arn:\(.partition):secretsmanager:*:\(.account):secret:rds!db-*")],
      when: [
        "StringEquals": [
          "aws:ResourceTag/aws:rds:primaryDBInstanceArn": leaders
        ] as Object
      ])
  }

  mutating func readSecret(_ secret: ResourceID<Secret>) {
    allow(["secretsmanager:GetSecretValue"], on: [secret])
  }

  /// What secrets are encrypted with, through Secrets Manager only.
  mutating func decryptSecrets(with keys: [ARN<Key>]) {
    allow(
      ["kms:Decrypt"], on: keys,
      when: [
        "StringLike": ["kms:ViaService": Text("secretsmanager.*.\(.urlSuffix)")] as Object
      ])
  }

  /// That a server of a group is ready.
  mutating func tellStack() {
    allow(
      ["cloudformation:SignalResource"],
      on: [Text("arn:\(.partition):cloudformation:\(.region):\(.account):stack/\(.stackName)/*")])
  }

  mutating func mount(_ files: ARN<FileSystem>) {
    allow(["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"], on: [files])
  }

  mutating func keepObjects(in bucket: ARN<Bucket>) {
    allow(["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], on: [Text("\(bucket)/*")])
    // Without it S3 answers 403 for what is not there, in place of 404.
    allow(["s3:ListBucket"], on: [Text("\(bucket)")])
  }

  mutating func keepSessions(in table: Expression) {
    allow(
      [
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem",
        "dynamodb:PartiQLUpdate", "dynamodb:PutItem", "dynamodb:Query", "dynamodb:Scan",
        "dynamodb:UpdateItem",
      ],
      on: [Text("arn:\(.partition):dynamodb:\(.region):\(.account):table/\(table)")])
  }

  /// The role, and the profile that hands it to servers. People reach a server through Session Manager: no port is open
  /// for that, and no key is kept.
  func profile(_ name: String, in builder: inout StackBuilder) -> Resource<InstanceProfile> {
    let role = builder.add(
      "\(name)Role",
      Role(
        service: "ec2.amazonaws.com",
        managedPolicies: ["arn:\(.partition):iam::aws:policy/AmazonSSMManagedInstanceCore"],
        policies: [Role.Policy(name: "Server", statements: statements)]))
    return builder.add("\(name)Profile", InstanceProfile(role: role.id))
  }
}
