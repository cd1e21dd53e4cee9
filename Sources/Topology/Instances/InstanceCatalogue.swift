// The EC2 instance types that a stage may run on: vCPUs and memory from the dump of EC2 DescribeInstanceTypes in
// moto 5.2.1, read on 2026-11-23.

extension InstanceType {
  /// Every type known, in families from small to large.
  public static let catalogue: [InstanceType] = [
    type("t4g.nano", virtualCPUs: 2, memoryGiB: 0.5),
    type("t4g.micro", virtualCPUs: 2, memoryGiB: 1),
    type("t4g.small", virtualCPUs: 2, memoryGiB: 2),
    type("t4g.medium", virtualCPUs: 2, memoryGiB: 4),
    type("t4g.large", virtualCPUs: 2, memoryGiB: 8),
    type("t4g.xlarge", virtualCPUs: 4, memoryGiB: 16),
    type("t4g.2xlarge", virtualCPUs: 8, memoryGiB: 32),
    type("m7g.medium", virtualCPUs: 1, memoryGiB: 4),
    type("m7g.large", virtualCPUs: 2, memoryGiB: 8),
    type("m7g.xlarge", virtualCPUs: 4, memoryGiB: 16),
    type("m7g.2xlarge", virtualCPUs: 8, memoryGiB: 32),
    type("m7g.4xlarge", virtualCPUs: 16, memoryGiB: 64),
    type("m7g.8xlarge", virtualCPUs: 32, memoryGiB: 128),
    type("m7g.12xlarge", virtualCPUs: 48, memoryGiB: 192),
    type("m7g.16xlarge", virtualCPUs: 64, memoryGiB: 256),
    type("c7g.medium", virtualCPUs: 1, memoryGiB: 2),
    type("c7g.large", virtualCPUs: 2, memoryGiB: 4),
    type("c7g.xlarge", virtualCPUs: 4, memoryGiB: 8),
    type("c7g.2xlarge", virtualCPUs: 8, memoryGiB: 16),
    type("c7g.4xlarge", virtualCPUs: 16, memoryGiB: 32),
    type("c7g.8xlarge", virtualCPUs: 32, memoryGiB: 64),
    type("c7g.12xlarge", virtualCPUs: 48, memoryGiB: 96),
    type("c7g.16xlarge", virtualCPUs: 64, memoryGiB: 128),
    type("r7g.medium", virtualCPUs: 1, memoryGiB: 8),
    type("r7g.large", virtualCPUs: 2, memoryGiB: 16),
    type("r7g.xlarge", virtualCPUs: 4, memoryGiB: 32),
    type("r7g.2xlarge", virtualCPUs: 8, memoryGiB: 64),
    type("r7g.4xlarge", virtualCPUs: 16, memoryGiB: 128),
    type("r7g.8xlarge", virtualCPUs: 32, memoryGiB: 256),
    type("r7g.12xlarge", virtualCPUs: 48, memoryGiB: 384),
    type("r7g.16xlarge", virtualCPUs: 64, memoryGiB: 512),
    type("m8g.large", virtualCPUs: 2, memoryGiB: 8),
    type("m8g.xlarge", virtualCPUs: 4, memoryGiB: 16),
    type("m8g.2xlarge", virtualCPUs: 8, memoryGiB: 32),
    type("m8g.4xlarge", virtualCPUs: 16, memoryGiB: 64),
    type("m8g.8xlarge", virtualCPUs: 32, memoryGiB: 128),
    type("m8g.16xlarge", virtualCPUs: 64, memoryGiB: 256),
  ]

  private static func type(_ name: String, virtualCPUs: Int, memoryGiB: Double) -> InstanceType {
    InstanceType(name: name, virtualCPUs: virtualCPUs, memoryBytes: Int(memoryGiB * 1024) << 20)
  }
}
