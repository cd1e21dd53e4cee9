// What an app that imports HeightsKit has with it: the layers below, shards, and where they are.

@_exported import HeightsHTTP
@_exported import Placement
