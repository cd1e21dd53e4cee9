// Who imports data has HTTP below it, shards, and where they are.

@_exported import HeightsHTTP
@_exported import Placement
