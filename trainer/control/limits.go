package control

import "time"

// limits bound what clients can make a trainer hold.
type limits struct {
	streams     int           // clients of GET /v1/stream at once
	buffer      int           // messages that wait for one of them
	queue       int           // messages that wait for the hub
	conns       int           // connections to one listener; more wait to be accepted
	header      time.Duration // to send the header of a request
	read        time.Duration // to send a whole request
	write       time.Duration // to take one line of a stream
	heartbeat   time.Duration // of silence in a stream
	statusEvery time.Duration // between two looks at the status, at least

	deliverEvery time.Duration // between two looks at the hub's queue
	lookEvery    time.Duration // between two looks whether clients find the socket
}

func defaultLimits() limits {
	return limits{
		streams: 64, buffer: 256, queue: 256, conns: 128,
		header: 5 * time.Second, read: 10 * time.Second, write: 10 * time.Second,
		heartbeat: 15 * time.Second, statusEvery: time.Second, deliverEvery: 50 * time.Millisecond, lookEvery: time.Second,
	}
}
