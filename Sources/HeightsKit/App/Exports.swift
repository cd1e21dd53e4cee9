// What an app that imports HeightsKit has with it: shards, and where they are.

@_exported import Files
@_exported import Placement
