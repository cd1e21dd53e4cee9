// What an app that imports HeightsKit has with it: shards, and where they are.

@_exported import Placement
@_exported import Files
