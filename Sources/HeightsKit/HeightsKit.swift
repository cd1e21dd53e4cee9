// HeightsKit
