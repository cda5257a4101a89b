package trainer

// OccupancyOf is Occupancy on a machine with that many cores and those runs.
var OccupancyOf = occupancy
