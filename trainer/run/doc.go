// Package run is a run's directory: what its files are called, whether a trainer
// holds it, how the run does without its trainer's help, and how runs are listed,
// found and deleted.
//
// Whether a trainer lives is known by the lock that it holds on the file lock,
// never by its pid: ReadInfo derives the state of a run from that and from the
// heartbeat, the last Status in status.json.
package run
