// Amazon CloudFront: copies near the users.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_CloudFront.html

/// Lets a distribution, and nobody else, read a bucket.
struct OriginAccessControl: ResourceType {
  static let type = "AWS::CloudFront::OriginAccessControl"
  /// Unique in the account.
  let name: Text

  var properties: Object {
    [
      "OriginAccessControlConfig": [
        "Name": name, "OriginAccessControlOriginType": "s3", "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
      ] as Object
    ]
  }
}

/// What a copy is kept by, and for how long.
struct CachePolicy: ResourceType {
  static let type = "AWS::CloudFront::CachePolicy"
  /// Unique in the account.
  let name: Text
  let comment: String
  /// Seconds: at least, when the origin does not say, and at most.
  let minimumTTL: Int
  let defaultTTL: Int
  let maximumTTL: Int
  /// Whether what is asked behind the question mark tells copies apart.
  let keepsQuery: Bool

  var properties: Object {
    let key: Object = [
      "EnableAcceptEncodingBrotli": true, "EnableAcceptEncodingGzip": true,
      "CookiesConfig": ["CookieBehavior": "none"] as Object,
      "HeadersConfig": ["HeaderBehavior": "none"] as Object,
      "QueryStringsConfig": ["QueryStringBehavior": keepsQuery ? "all" : "none"] as Object,
    ]
    return [
      "CachePolicyConfig": [
        "Name": name, "Comment": comment, "MinTTL": minimumTTL, "DefaultTTL": defaultTTL,
        "MaxTTL": maximumTTL, "ParametersInCacheKeyAndForwardedToOrigin": key,
      ] as Object
    ]
  }
}

struct Distribution: ResourceType {
  struct Origin: TemplateValue {
    enum Kind {
      /// A bucket, by its regional name; read through the access control only.
      case bucket(domainName: Expression, control: ResourceID<OriginAccessControl>)
      /// A load balancer, by a name that its certificate is for.
      case balancer(domainName: Text)
    }

    let id: String
    let kind: Kind

    var value: Expression {
      switch kind {
      case .bucket(let domainName, let control):
        // The empty identity is the old way of doing this; the type wants to see that it is not used.
        ([
          "Id": id, "DomainName": domainName, "OriginAccessControlId": control,
          "S3OriginConfig": ["OriginAccessIdentity": ""] as Object,
        ] as Object).value
      case .balancer(let domainName):
        ([
          "Id": id, "DomainName": domainName,
          "CustomOriginConfig": [
            "OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"], "OriginReadTimeout": 30,
            "OriginKeepaliveTimeout": 5,
          ] as Object,
        ] as Object).value
      }
    }
  }

  struct Behaviour {
    let origin: String
    let cache: Expression
    /// What of a request reaches the origin; nil for only what the copy is kept by.
    var forwards: String?
    /// nil for everything that no other behaviour is for.
    var path: String?
    var takesWrites = false

    var object: Object {
      [
        "PathPattern": path, "TargetOriginId": origin, "ViewerProtocolPolicy": "redirect-to-https",
        "AllowedMethods": takesWrites
          ? ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"] : ["GET", "HEAD"],
        "Compress": true, "CachePolicyId": cache, "OriginRequestPolicyId": forwards,
        "ResponseHeadersPolicyId": Managed.securityHeaders,
      ]
    }
  }

  /// Policies that AWS provides, by their ids, which are the same in every account
  /// (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/using-managed-cache-policies.html).
  enum Managed {
    static let cachingDisabled = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    static let allViewerExceptHost = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    static let securityHeaders = "67f7725c-6f97-4210-82d7-5512b31e9d03"
  }

  static let type = "AWS::CloudFront::Distribution"
  let comment: String
  let aliases: [Expression]
  let certificate: ResourceID<Certificate>
  let origins: [Origin]
  let standard: Behaviour
  let others: [Behaviour]
  /// nil where CloudFront can't write them.
  let logs: (domainName: Expression, prefix: String)?
  let tags: [Tag]

  var properties: Object {
    [
      "DistributionConfig": [
        "Comment": comment, "Enabled": true, "HttpVersion": "http2and3", "IPV6Enabled": true,
        "PriceClass": "PriceClass_All", "Aliases": aliases,
        "ViewerCertificate": [
          "AcmCertificateArn": certificate, "MinimumProtocolVersion": "TLSv1.2_2021",
          "SslSupportMethod": "sni-only",
        ] as Object,
        "Origins": origins, "DefaultCacheBehavior": standard.object, "CacheBehaviors": others.map(\.object),
        "Logging": logs.map {
          ["Bucket": $0.domainName, "Prefix": $0.prefix, "IncludeCookies": false] as Object
        },
      ] as Object,
      "Tags": tags,
    ]
  }
}

extension Resource<Distribution> {
  var arn: ARN<Distribution> {
    ARN(value: Text("arn:\(.partition):cloudfront::\(.account):distribution/\(id)").value)
  }
  var domainName: Expression { attribute("DomainName") }
  /// The zone that every distribution's name is in.
  static var zone: Expression { .text("Z2FDTNDATAQYW2") }
}
