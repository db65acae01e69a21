// What a subscription is written with comes with `import Fovea`.
@_exported import Filters
@_exported import Packets
@_exported import Protocols
@_exported import Tracking
