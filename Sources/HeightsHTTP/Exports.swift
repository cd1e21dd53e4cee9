// Who imports HTTP has the runtime.

@_exported import HeightsRuntime
