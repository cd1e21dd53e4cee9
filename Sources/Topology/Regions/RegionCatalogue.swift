// The regions of AWS. Codes, partitions and the zones that an account sees: botocore 1.43.106 (partitions.json,
// endpoints.json) and moto 5.2.1; published zones add those that new accounts don't see. Read on 2026-11-23. Those open
// by August 2023 give the 32 regions and 102 zones that a textbook of that time counts (https://zeusexam.com/?p=1376).

extension CataloguedRegion {
  /// Every region that can be named in public, commercial ones first.
  public static let all: [CataloguedRegion] = [
    region("us-east-1", "US East (N. Virginia)", ["US"], zones: 6),
    region("us-east-2", "US East (Ohio)", ["US"], zones: 3),
    region("us-west-1", "US West (N. California)", ["US"], zones: 2, published: 3),
    region("us-west-2", "US West (Oregon)", ["US"], zones: 4),
    region("ca-central-1", "Canada (Central)", ["CA"], zones: 3),
    region("ca-west-1", "Canada West (Calgary)", ["CA"], zones: 3, since2023: true, amplify: false),
    region("mx-central-1", "Mexico (Central)", ["MX"], zones: 3, since2023: true, amplify: false),
    region("sa-east-1", "South America (Sao Paulo)", ["BR"], zones: 3),
    region("eu-central-1", "Europe (Frankfurt)", ["EU", "DE"], zones: 3),
    region("eu-central-2", "Europe (Zurich)", ["CH"], zones: 3, amplify: false),
    region("eu-north-1", "Europe (Stockholm)", ["EU", "SE"], zones: 3),
    region("eu-south-1", "Europe (Milan)", ["EU", "IT"], zones: 3),
    region("eu-south-2", "Europe (Spain)", ["EU", "ES"], zones: 3, amplify: false),
    region("eu-west-1", "Europe (Ireland)", ["EU", "IE"], zones: 3),
    region("eu-west-2", "Europe (London)", ["UK"], zones: 3),
    region("eu-west-3", "Europe (Paris)", ["EU", "FR"], zones: 3),
    region("il-central-1", "Israel (Tel Aviv)", ["IL"], zones: 3, amplify: false),
    region("me-central-1", "Middle East (UAE)", ["AE"], zones: 3, amplify: false),
    region("me-south-1", "Middle East (Bahrain)", ["BH"], zones: 3),
    region("af-south-1", "Africa (Cape Town)", ["ZA"], zones: 3, amplify: false),
    region("ap-east-1", "Asia Pacific (Hong Kong)", ["HK"], zones: 3),
    region("ap-east-2", "Asia Pacific (Taipei)", ["TW"], zones: 3, since2023: true, amplify: false),
    region("ap-northeast-1", "Asia Pacific (Tokyo)", ["JP"], zones: 3, published: 4),
    region("ap-northeast-2", "Asia Pacific (Seoul)", ["KR"], zones: 4),
    region("ap-northeast-3", "Asia Pacific (Osaka)", ["JP"], zones: 3),
    region("ap-south-1", "Asia Pacific (Mumbai)", ["IN"], zones: 3),
    region("ap-south-2", "Asia Pacific (Hyderabad)", ["IN"], zones: 3, amplify: false),
    region("ap-southeast-1", "Asia Pacific (Singapore)", ["SG"], zones: 3),
    region("ap-southeast-2", "Asia Pacific (Sydney)", ["AU"], zones: 3),
    region("ap-southeast-3", "Asia Pacific (Jakarta)", ["ID"], zones: 3, amplify: false),
    region("ap-southeast-4", "Asia Pacific (Melbourne)", ["AU"], zones: 3, amplify: false),
    region("ap-southeast-5", "Asia Pacific (Malaysia)", ["MY"], zones: 3, since2023: true, amplify: false),
    region("ap-southeast-6", "Asia Pacific (New Zealand)", ["NZ"], zones: 3, since2023: true, amplify: false),
    region("ap-southeast-7", "Asia Pacific (Thailand)", ["TH"], zones: 3, since2023: true, amplify: false),
    region(
      "us-gov-east-1", "AWS GovCloud (US-East)", ["US-GOV"], partition: "aws-us-gov", zones: 3, amplify: false
    ),
    region(
      "us-gov-west-1", "AWS GovCloud (US-West)", ["US-GOV"], partition: "aws-us-gov", zones: 3, amplify: false
    ),
    region(
      "cn-north-1", "China (Beijing)", ["CN"], partition: "aws-cn", zones: 2, published: 3, amplify: false),
    region("cn-northwest-1", "China (Ningxia)", ["CN"], partition: "aws-cn", zones: 3, amplify: false),
    region(
      "eusc-de-east-1", "AWS European Sovereign Cloud (Germany)", ["EU", "DE"], partition: "aws-eusc",
      zones: 3, since2023: true, amplify: false),
  ]

  private static func region(
    _ code: String, _ name: String, _ jurisdictions: [String], partition: String = "aws", zones: Int,
    published: Int? = nil, since2023: Bool = false, amplify: Bool = true
  ) -> CataloguedRegion {
    let letters = "abcdefgh".prefix(zones)
    return CataloguedRegion(
      region: Region(
        code: code, name: name, jurisdictions: jurisdictions,
        zones: letters.map { Zone(id: "\(code)\($0)", region: code) }),
      partition: partition, publishedZones: published ?? zones, openedByAugust2023: !since2023,
      hasAmplifyHosting: amplify)
  }
}
