// What stands between people and the app: load balancers, the CDN, and the alarms on what people get to see.

import Policies
import Topology

struct EdgeStack {
  let stack: Stack
  let front: Balancer
  /// Behind the front, by the service's name.
  var layers: [(service: String, balancer: Balancer)] = []
  /// In the home only.
  var distribution: (domainName: StackOutput<Expression>, arn: StackOutput<ARN<Distribution>>)?

  struct Balancer {
    let targets: StackOutput<ResourceID<TargetGroup>>
    let dnsName: StackOutput<Expression>
    let zone: StackOutput<Expression>
  }

  /// nil where there is nothing to balance.
  init?(_ blueprint: Blueprint, _ sites: [RegionStacks], _ index: Int, _ global: GlobalStack) {
    let site = sites[index]
    guard let network = site.network, let data = site.data, let logs = data.logs else { return nil }
    var plan = Plan(blueprint: blueprint, site: site, global: global)
    let certificate = plan.addCertificate()
    let logBucket = plan.builder.input(logs.bucket)

    let front = plan.addBalancer(
      "Front", isInternal: false, subnets: network.publicSubnets, group: network.front, network, logBucket)
    plan.addFrontListeners(front, certificate)
    self.front = plan.outputs("Front", front)

    if let group = network.layers {
      for service in blueprint.services(in: site.region).dropFirst() {
        let name = "Service\(service.name.logical)"
        let layer = plan.addBalancer(
          name, isInternal: true, subnets: network.appSubnets, group: group, network, logBucket)
        plan.builder.add(
          "\(name)Listener",
          Listener(
            balancer: layer.balancer.id, action: .forward(layer.targets.id, certificate: certificate.id)))
        layers.append((service.name, plan.outputs(name, layer)))
      }
    }
    if blueprint.topology.leavesTwoZones { plan.addAlarms(front) }

    if index == 0 { distribution = plan.addDistribution(sites) }
    plan.allowReading(data, distribution ?? sites[0].edge?.distribution)
    stack = plan.builder.stack
  }
}

/// The template in the making.
private struct Plan {
  struct Balancer {
    let balancer: Resource<LoadBalancer>
    let targets: Resource<TargetGroup>
  }

  let blueprint: Blueprint
  let site: RegionStacks
  let global: GlobalStack
  var builder: StackBuilder
  let domain: Expression

  init(blueprint: Blueprint, site: RegionStacks, global: GlobalStack) {
    self.blueprint = blueprint
    self.site = site
    self.global = global
    builder = blueprint.builder(.edge, in: site.region.code, "load balancers and CDN in \(site.region.code)")
    domain = blueprint.domain(in: &builder)
  }

  // MARK: Load balancers

  /// For the name by which the CDN reaches the app, and for those of the services in this region.
  mutating func addCertificate() -> Resource<Certificate> {
    builder.add(
      "OriginCertificate",
      Certificate(
        name: "origin.\(domain)", alternatives: ["*.\(site.region.code).\(domain)"],
        zone: builder.input(global.zone), tags: blueprint.tags("origin")),
      accepted: [
        AcceptedRisk(
          check: "CKV2_AWS_71",
          reason: "All names of one level below the region are ours: a new service needs no new one.")
      ])
  }

  mutating func addBalancer(
    _ name: String, isInternal: Bool, subnets: [StackOutput<ResourceID<Subnet>>],
    group: StackOutput<ResourceID<SecurityGroup>>, _ network: NetworkStack, _ logs: ResourceID<Bucket>
  ) -> Balancer {
    let balancer = builder.add(
      "\(name)Balancer",
      LoadBalancer(
        isInternal: isInternal, subnets: subnets.map { builder.input($0) }, groups: [builder.input(group)],
        logs: (logs, "balancers/\(name.lowercased())"), tags: blueprint.tags(name)))
    let targets = builder.add(
      "\(name)Targets",
      TargetGroup(
        vpc: builder.input(network.vpc), port: 8080, healthPath: Bootstrap.healthPath,
        tags: blueprint.tags(name)))
    return Balancer(balancer: balancer, targets: targets)
  }

  mutating func addFrontListeners(_ front: Balancer, _ certificate: Resource<Certificate>) {
    builder.add(
      "FrontListener",
      Listener(balancer: front.balancer.id, action: .forward(front.targets.id, certificate: certificate.id)))
    // Who still has the server's address finds the way.
    if blueprint.answersPlainHTTP {
      builder.add("FrontRedirect", Listener(balancer: front.balancer.id, action: .redirect))
    }
  }

  mutating func outputs(_ name: String, _ balancer: Balancer) -> EdgeStack.Balancer {
    EdgeStack.Balancer(
      targets: builder.output("\(name)TargetGroup", balancer.targets.id, "Where servers register."),
      dnsName: builder.output("\(name)BalancerName", balancer.balancer.dnsName, "The load balancer's name."),
      zone: builder.output("\(name)BalancerZone", balancer.balancer.zone, "The zone that its name is in."))
  }

  // MARK: CDN

  mutating func addDistribution(
    _ sites: [RegionStacks]
  ) -> (domainName: StackOutput<Expression>, arn: StackOutput<ARN<Distribution>>)? {
    guard let data = site.data, let files = data.staticFiles, let logs = data.logs,
      let certificate = global.certificate
    else { return nil }
    let control = builder.add("FilesAccess", OriginAccessControl(name: "\(.stackName)"))
    let pages = addCachePolicy("StaticCache", "static", "Static files", defaultTTL: 86_400)
    // A photo's name is made once: what is behind it never changes.
    let media = addCachePolicy("ObjectsCache", "objects", "What users send", defaultTTL: 604_800)

    var origins = [
      Distribution.Origin(id: "app", kind: .balancer(domainName: "origin.\(domain)")),
      Distribution.Origin(
        id: "static", kind: .bucket(domainName: builder.input(files.domainName), control: control.id)),
    ]
    var others = [Distribution.Behaviour(origin: "static", cache: pages.id.value, path: "/static/*")]
    // Paths are tried in order: those of a region before the one for all.
    for site in sites.reversed() {
      guard let objects = site.data?.objects else { continue }
      let isHome = site.region == blueprint.home
      let id = isHome ? "objects" : "objects-\(site.region.code)"
      let name = isHome ? "ObjectsDomainName" : "ObjectsDomainName\(site.region.code.logical)"
      origins.append(
        Distribution.Origin(
          id: id, kind: .bucket(domainName: builder.input(objects.domainName, as: name), control: control.id))
      )
      let path = isHome ? "/media/*" : "/media/\(site.region.code)/*"
      others.append(Distribution.Behaviour(origin: id, cache: media.id.value, path: path))
    }
    let distribution = builder.add(
      "Distribution",
      Distribution(
        comment: "Copies near the users of \(blueprint.options.app)", aliases: [domain],
        certificate: builder.input(certificate), origins: origins,
        standard: Distribution.Behaviour(
          origin: "app", cache: .text(Distribution.Managed.cachingDisabled),
          forwards: Distribution.Managed.allViewerExceptHost, takesWrites: true),
        others: others,
        logs: takesCDNLogs ? (builder.input(logs.domainName), "cdn/") : nil, tags: blueprint.tags("cdn")),
      accepted: acceptedOfDistribution)
    return (
      builder.output("DistributionDomainName", distribution.domainName, "The CDN's own name."),
      builder.output("DistributionArn", distribution.arn, "The CDN, for the policies of buckets.")
    )
  }

  private mutating func addCachePolicy(
    _ logicalID: String, _ name: String, _ comment: String, defaultTTL: Int
  ) -> Resource<CachePolicy> {
    builder.add(
      logicalID,
      CachePolicy(
        name: "\(.stackName)-\(name)", comment: comment, minimumTTL: 0, defaultTTL: defaultTTL,
        maximumTTL: 31_536_000, keepsQuery: false))
  }

  /// CloudFront does not write its logs to buckets of these regions
  /// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html).
  private static let regionsWithoutCDNLogs: Set<String> = [
    "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4",
    "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-south-1", "eu-south-2", "eu-central-2",
    "il-central-1",
    "me-central-1", "me-south-1", "mx-central-1",
  ]

  private var takesCDNLogs: Bool { !Self.regionsWithoutCDNLogs.contains(site.region.code) }

  private var acceptedOfDistribution: [AcceptedRisk] {
    var risks = [
      AcceptedRisk(
        check: "CKV_AWS_68",
        reason: "A web firewall costs money from the first rule on: it is the owner's choice.")
    ]
    if !takesCDNLogs {
      risks.append(
        AcceptedRisk(check: "CKV_AWS_86", reason: "CloudFront does not write logs to buckets of this region.")
      )
    }
    return risks
  }

  /// The distribution, and nobody else, may read what it serves.
  mutating func allowReading(
    _ data: DataStack,
    _ distribution: (domainName: StackOutput<Expression>, arn: StackOutput<ARN<Distribution>>)?
  ) {
    guard let distribution else { return }
    let reader: Object = [
      "StringEquals": ["AWS:SourceArn": builder.input(distribution.arn)] as Object
    ]
    for (name, bucket) in [("StaticFiles", data.staticFiles), ("Objects", data.objects)] {
      guard let bucket else { continue }
      let arn = builder.input(bucket.arn)
      builder.add(
        "\(name)Policy",
        BucketPolicy(
          bucket: builder.input(bucket.id),
          statements: [
            .onlyTLS(arn),
            Statement(
              principal: .service("cloudfront.amazonaws.com"), actions: ["s3:GetObject"],
              resources: [Text("\(arn)/*")], conditions: reader),
          ]))
    }
  }
}

// MARK: Alarms

extension Plan {
  /// Tells somebody when the error budget of 30 days goes too fast, by the same figures as the lab (`BurnAlarm`): over a long time
  /// and a short one, each an alarm that tells nobody, and one that fires when both do.
  fileprivate mutating func addAlarms(_ front: Balancer) {
    let topic = addTopic()
    let dimensions = [(name: "LoadBalancer", value: front.balancer.fullName)]
    let metrics = [
      ("app", "HTTPCode_Target_5XX_Count"), ("balancer", "HTTPCode_ELB_5XX_Count"), ("all", "RequestCount"),
    ]
    .map { Alarm.Metric(id: $0.0, namespace: "AWS/ApplicationELB", name: $0.1, dimensions: dimensions) }
    let target = blueprint.topology.stage.availabilityTarget
    let percent = Self.percent(target)
    for alarm in BurnAlarm.all {
      let name = "ErrorBudget" + alarm.name.prefix(1).uppercased() + alarm.name.dropFirst()
      let rate = alarm.rate == alarm.rate.rounded() ? String(Int(alarm.rate)) : String(alarm.rate)
      let parts = [("Burn", alarm.longSeconds), ("BurnNow", alarm.shortSeconds)].map { part, seconds in
        builder.add(
          name + part,
          Alarm(
            description:
              "Requests fail \(rate) times as often as \(percent) % allows, for \(Self.time(seconds)).",
            metrics: metrics,
            // Requests that the load balancer refused itself are not among those that it passed on.
            expression:
              "IF(FILL(all,0)+FILL(balancer,0)>0,(FILL(app,0)+FILL(balancer,0))/(FILL(all,0)+FILL(balancer,0)),0)",
            label: "Share of requests that fail", periodSeconds: seconds,
            threshold: Self.rounded(alarm.rate * (1 - target)), topic: nil))
      }
      builder.add(
        name + "Alarm",
        CompositeAlarm(
          description:
            "Requests fail \(rate) times as often as \(percent) % allows, for \(Self.time(alarm.longSeconds)) and still.",
          all: parts.map(\.id), topic: topic.id))
    }
  }

  private static func time(_ seconds: Int) -> String {
    seconds < 3_600 ? "\(seconds / 60) minutes" : "\(seconds / 3_600) h"
  }

  /// Without what binary fractions add.
  private static func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }

  private static func percent(_ share: Double) -> String { String(rounded(share * 100)) }

  private mutating func addTopic() -> Resource<Topic> {
    let email = builder.parameter(
      "AlarmEmail", "Who is told when the error budget goes too fast; nobody when empty.", standard: "")
    let isGiven = builder.condition("TellsSomebody", given: email)
    let key = builder.add(
      "AlarmKey",
      Key(
        description: "Alarms of \(blueprint.options.app)",
        services: [
          Statement(
            principal: .service("cloudwatch.amazonaws.com"),
            actions: ["kms:Decrypt", "kms:GenerateDataKey*"],
            resources: ["*"],
            conditions: ["StringEquals": ["aws:SourceAccount": Expression.account] as Object])
        ], tags: blueprint.tags("alarms")), deletion: .retain)
    let topic = builder.add(
      "Alarms",
      Topic(
        key: key.id, displayName: "\(blueprint.options.app): error budget", tags: blueprint.tags("alarms")))
    builder.add("AlarmSubscription", Subscription(topic: topic.id, email: email), when: isGiven)
    return topic
  }
}
