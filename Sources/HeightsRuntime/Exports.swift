// What goes with the runtime: the errors of the system that it throws.

@_exported import Files
