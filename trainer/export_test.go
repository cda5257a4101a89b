package trainer

// OccupancyOf is Occupancy on a machine with that many cores and those runs.
var OccupancyOf = occupancy

// Place is where HazardsAt imagines a process to be.
type Place struct {
	Env        map[string]string
	Root       string // of /proc, /etc and /var
	User       string
	PID        int
	Background bool // the question is about a trainer that Spawn starts
}

// HazardsAt is Hazards for user 1000 as a child of process 77.
func HazardsAt(p Place) []string {
	return host{
		getenv: func(key string) string { return p.Env[key] }, root: p.Root, uid: 1000, user: p.User,
		pid: p.PID, ppid: 77, detached: p.Background,
	}.hazards()
}
